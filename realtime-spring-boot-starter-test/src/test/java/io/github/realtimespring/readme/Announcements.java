package io.github.realtimespring.readme;

import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.handler.RealtimeTemplate;
import org.springframework.stereotype.Service;

@Service
class Announcements {

    private final RealtimeTemplate realtime;

    Announcements(RealtimeTemplate realtime) {
        this.realtime = realtime;
    }

    // region announce
    String announce(String text) {
        PublishReceipt receipt = realtime.room("chat:{room}", "lobby").send(new Message("operator", text));
        return receipt.local() + " backplane=" + receipt.backplane();
        // room=chat:lobby members=128 accepted=121 dropped=3 … bytes=18432 duration_ms=2.7 backplane=RECORDED
    }
    // endregion
}
