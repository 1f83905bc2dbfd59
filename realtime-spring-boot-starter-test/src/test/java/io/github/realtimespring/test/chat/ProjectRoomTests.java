package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;

import io.github.realtimespring.test.RealtimeTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

// region slice
@RealtimeTest(ProjectRoom.class)
class ProjectRoomTests {

    @Autowired
    RealtimeTester realtime;

    @MockitoBean
    ProjectService projects;

    @BeforeEach
    void aliceAndBobAreMembers() {
        given(projects.isMember(42, "alice")).willReturn(true);
        given(projects.isMember(42, "bob")).willReturn(true);
        given(projects.name(42)).willReturn("Apollo");
    }

    @Test
    void aMemberSeesTheMessageOfAnother() {
        RealtimeTestClient alice = realtime.connectAs("alice");
        RealtimeTestClient bob = realtime.connectAs("bob");
        alice.join("project:42").assertJoined().state(ProjectState.class).isEqualTo(new ProjectState("Apollo"));
        bob.join("project:42").assertJoined();

        alice.publish("message.send", new SendMessage("hi")).assertAcked();

        bob.expectEvent("message.created", Message.class)
                .satisfies(message -> assertThat(message.text()).isEqualTo("hi"));
        bob.expectNoMoreEvents();
    }

    @Test
    void aStrangerIsRefused() {
        realtime.connectAs("eve").join("project:42").assertRejected("forbidden");
    }

    @Test
    void anEmptyMessageIsNotSent() {
        RealtimeTestClient alice = realtime.connectAs("alice");
        alice.join("project:42").assertJoined();

        assertThat(alice.publish("message.send", new SendMessage(" "))
                        .assertError("invalid-payload")
                        .details())
                .extracting("field")
                .containsExactly("text");
        alice.expectNoMoreEvents();
    }
}
// endregion
