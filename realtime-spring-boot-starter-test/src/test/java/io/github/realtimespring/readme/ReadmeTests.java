package io.github.realtimespring.readme;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.test.RealtimeTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Import;

/** What the README shows does what the README says. */
@RealtimeTest(ChatRoom.class)
@Import(Announcements.class)
class ReadmeTests {

    @Autowired
    RealtimeTester realtime;

    @Autowired
    Announcements announcements;

    @Test
    void whatAClientPublishesGoesToEverybodyInTheRoom() {
        RealtimeTestClient alice = this.realtime.connectAs("alice");
        RealtimeTestClient guest = this.realtime.connect();
        alice.join("chat:lobby").assertJoined();
        guest.join("chat:lobby").assertJoined();

        guest.publish("message.send", new SendMessage("hello")).assertAcked();

        alice.expectEvent("message.created", Message.class).isEqualTo(new Message("somebody", "hello"));
        guest.expectEvent("message.created", Message.class).isEqualTo(new Message("somebody", "hello"));
        guest.publish("message.send", new SendMessage("")).assertError("invalid-payload");
    }

    @Test
    void theRoomOfTheStaffIsForUsers() {
        this.realtime.connect().join("chat:staff").assertRejected("forbidden");
        this.realtime.connectAs("alice").join("chat:staff").assertJoined();
    }

    @Test
    void anAnnouncementHasItsReceipt() {
        this.realtime.connectAs("alice").join("chat:lobby").assertJoined();
        this.realtime.connectAs("bob").join("chat:lobby").assertJoined();

        assertThat(this.announcements.announce("Lunch"))
                .startsWith("room=chat:lobby members=2 accepted=2 dropped=0 coalesced=0 closed=0 stale=0 bytes=")
                .endsWith(" backplane=RECORDED");
    }
}
