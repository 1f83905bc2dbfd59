package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomVariable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ResponseBody;

/** What a first user reads when the application does not start: the report as Spring Boot prints it. */
@ExtendWith(OutputCaptureExtension.class)
class RealtimeFailureAnalyzerTests {

    private static String report(
            CapturedOutput output, WebApplicationType type, Class<?> source, String... properties) {
        SpringApplication application = new SpringApplication(source);
        application.setWebApplicationType(type);
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--logging.level.org.springframework=OFF",
                "--logging.level.org.springframework.boot.diagnostics=ERROR"));
        for (String property : properties) {
            arguments.add("--" + property);
        }
        assertThat(catchThrowable(() -> application.run(arguments.toArray(String[]::new))))
                .isNotNull();
        String all = output.getAll();
        int begin = all.indexOf("Description:");
        assertThat(begin).as(all).isNotNegative();
        return all.substring(begin).strip();
    }

    private static String report(CapturedOutput output, Class<?> source, String... properties) {
        return report(output, WebApplicationType.NONE, source, properties);
    }

    @Test
    void patternWithoutAccessRule(CapturedOutput output) {
        assertThat(report(output, WithoutAccess.class)).isEqualTo("""
                Description:

                The room pattern 'project:{projectId}' of UnguardedRoom has no access rule, so nobody is asked whether a client may join.

                Action:

                Do one of these:
                    - add a method with @RoomAccess that returns whether the user may join
                    - define a bean of type RoomAccessRule for the pattern
                    - write @PreAuthorize on its @RoomJoined method
                    - set open = true on @RoomController if everybody may join""");
    }

    @Test
    void malformedPattern(CapturedOutput output) {
        assertThat(report(output, Malformed.class)).startsWith("""
                Description:

                The room pattern 'project:{projectId' is not well formed:""").endsWith("""
                Action:

                Write words and variables separated by colons, as in 'project:{projectId}'.""");
    }

    @Test
    void twoHandlersOfOneEvent(CapturedOutput output) {
        assertThat(report(output, Duplicate.class)).isEqualTo("""
                Description:

                DuplicateRoom.first and DuplicateRoom.second both handle event 'say' of the rooms 'project:{projectId}'.

                Action:

                Remove one of the two, or give it another event or pattern.""");
    }

    @Test
    void variableThatThePatternDoesNotHave(CapturedOutput output) {
        assertThat(report(output, UnknownVariable.class)).isEqualTo("""
                Description:

                UnknownVariableRoom.mayEnter asks for the room variable 'taskId', which its pattern 'project:{projectId}' does not have.

                Action:

                Use one of its variables (projectId), or add {taskId} to the pattern.""");
    }

    @Test
    void patternsThatMatchTheSameRooms(CapturedOutput output) {
        assertThat(report(output, Ambiguous.class))
                .startsWith("""
                Description:

                The room patterns 'project:{""")
                .contains("and neither is more specific.")
                .endsWith("""
                Action:

                Make one of them more specific, with a word in place of a variable.""");
    }

    @Test
    void impossibleCellOfADeliveryClass(CapturedOutput output) {
        assertThat(report(output, Empty.class, "realtime.delivery.recoverable.overflow=drop-newest"))
                .startsWith("""
                Description:

                Invalid value 'drop-newest' for configuration property 'realtime.delivery.recoverable.overflow' (originating from '"realtime.delivery.recoverable.overflow" from property source "commandLineArgs"'). Validation failed for the following reason:

                Overflow drop-newest would skip events of recoverable, which promises every event in order; use pause or close.

                Action:

                Review the value of the property""");
    }

    @Test
    void eventThatMayNotCoalesce(CapturedOutput output) {
        assertThat(report(output, Coalescing.class)).isEqualTo("""
                Description:

                The declaration of event 'order.placed' contradicts itself.

                Action:

                Coalescing would skip events of recoverable, which promises every event; remove coalesce-by or use ephemeral.""");
    }

    @Test
    void invalidBasePath(CapturedOutput output) {
        assertThat(report(output, Empty.class, "realtime.base-path=realtime/"))
                .contains("Invalid value 'realtime/' for configuration property 'realtime.base-path'")
                .contains("It must begin with a slash, must not end with one");
    }

    @Test
    void pathThatAnotherHandlerHas(CapturedOutput output) {
        assertThat(report(output, WebApplicationType.SERVLET, Clash.class)).isEqualTo("""
                Description:

                The path /realtime/info is also handled by io.github.realtimespring.autoconfigure.RealtimeFailureAnalyzerTests$InfoController#info[0 args]; one of the two would never be called.

                Action:

                Move the product with realtime.base-path, or the other handler to another path.""");
    }

    @Test
    void backplaneThatThereIsNot(CapturedOutput output) {
        assertThat(report(output, Empty.class, "realtime.backplane.type=carrier-pigeon"))
                .contains("No enum constant")
                .containsSubsequence("KAFKA", "LOCAL", "REDIS");
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Empty {}

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(UnguardedRoom.class)
    static class WithoutAccess {}

    @RoomController("project:{projectId}")
    static class UnguardedRoom {

        @RoomEvent("say")
        void say() {}
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(MalformedRoom.class)
    static class Malformed {}

    @RoomController(value = "project:{projectId", open = true)
    static class MalformedRoom {}

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(DuplicateRoom.class)
    static class Duplicate {}

    @RoomController(value = "project:{projectId}", open = true)
    static class DuplicateRoom {

        @RoomEvent("say")
        void first() {}

        @RoomEvent("say")
        void second() {}
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(UnknownVariableRoom.class)
    static class UnknownVariable {}

    @RoomController("project:{projectId}")
    static class UnknownVariableRoom {

        @RoomAccess
        boolean mayEnter(@RoomVariable long taskId) {
            return true;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({OneRoom.class, OtherRoom.class})
    static class Ambiguous {}

    @RoomController(value = "project:{projectId}", open = true)
    static class OneRoom {

        @RoomEvent("say")
        void say() {}
    }

    @RoomController(value = "project:{name}", open = true)
    static class OtherRoom {

        @RoomEvent("shout")
        void shout() {}
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(CoalescingRoom.class)
    static class Coalescing {}

    @RoomController(value = "shop", open = true)
    static class CoalescingRoom {

        @RoomEvent("order")
        @Broadcast
        Placed order() {
            return new Placed("x");
        }
    }

    @RealtimeEvent(name = "order.placed", delivery = Delivery.RECOVERABLE, coalesceBy = "item")
    record Placed(String item) {}

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(InfoController.class)
    static class Clash {}

    @Controller
    static class InfoController {

        @GetMapping("/realtime/info")
        @ResponseBody
        String info() {
            return "info";
        }
    }
}
