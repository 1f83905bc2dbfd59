package io.github.realtimespring.webmvc;

import jakarta.websocket.MessageHandler;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Puts the parts of a client's message together, so that the container needs small buffers only (DESIGN decision 10).
 * Called by one container thread at a time.
 */
final class TextAssembly implements MessageHandler.Partial<String> {

    private final int maxBytes;
    private final Consumer<String> receiver;
    private final Runnable tooBig;
    private @Nullable StringBuilder message;
    private int bytes;
    private boolean refused;

    /**
     * @param maxBytes how large a message may be, in bytes of UTF-8
     * @param receiver takes whole messages
     * @param tooBig called once; nothing is received afterwards
     */
    TextAssembly(int maxBytes, Consumer<String> receiver, Runnable tooBig) {
        this.maxBytes = maxBytes;
        this.receiver = receiver;
        this.tooBig = tooBig;
    }

    @Override
    public void onMessage(String part, boolean last) {
        if (this.refused) {
            return;
        }
        this.bytes += encodedSize(part);
        if (this.bytes > this.maxBytes) {
            this.refused = true;
            this.message = null;
            this.tooBig.run();
            return;
        }
        StringBuilder message = this.message;
        if (!last) {
            this.message = (message == null ? new StringBuilder(2 * part.length()) : message).append(part);
            return;
        }
        this.message = null;
        this.bytes = 0;
        this.receiver.accept(message == null ? part : message.append(part).toString());
    }

    /** The size in UTF-8; a surrogate is half of four bytes, also where a pair is cut in two. */
    private static int encodedSize(String text) {
        int size = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                size += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return size;
    }
}
