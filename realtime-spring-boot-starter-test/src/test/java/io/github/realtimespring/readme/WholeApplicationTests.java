package io.github.realtimespring.readme;

import io.github.realtimespring.test.AutoConfigureRealtimeTester;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

@SpringBootTest(properties = "spring.security.user.password=demo")
@AutoConfigureRealtimeTester
class WholeApplicationTests {

    @Autowired
    RealtimeTester realtime;

    @Autowired
    Announcements announcements;

    @Test
    void theTesterWorksOnTheWholeApplication() {
        RealtimeTestClient alice = this.realtime.connectAs("alice");
        alice.join("chat:lobby").assertJoined();

        this.announcements.announce("Lunch");

        alice.expectEvent("message.created", Message.class).isEqualTo(new Message("operator", "Lunch"));
        alice.expectNoMoreEvents();
    }
}
