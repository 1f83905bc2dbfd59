package io.github.realtimespring.test;

import org.springframework.context.ApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.test.context.TestContext;
import org.springframework.test.context.support.AbstractTestExecutionListener;

/** Ends the connections of a test method, before the mocks that its handlers use are reset. */
final class RealtimeTesterTestExecutionListener extends AbstractTestExecutionListener {

    private static final String BEAN = "realtimeTester";

    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

    @Override
    public void afterTestMethod(TestContext testContext) {
        if (!testContext.hasApplicationContext()) {
            return;
        }
        ApplicationContext context = testContext.getApplicationContext();
        if (context.getAutowireCapableBeanFactory()
                        instanceof org.springframework.beans.factory.config.SingletonBeanRegistry beans
                && beans.containsSingleton(BEAN)
                && context.getBean(BEAN) instanceof RealtimeTester tester) {
            tester.disconnectAll();
        }
    }
}
