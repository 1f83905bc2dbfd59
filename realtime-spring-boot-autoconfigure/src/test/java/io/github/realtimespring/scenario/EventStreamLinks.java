package io.github.realtimespring.scenario;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Clients that read event streams line by line, on the JDK's HTTP client. */
final class EventStreamLinks implements ResumeModel.Transport {

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI uri;

    /** @param uri {@code …/realtime/sse} */
    EventStreamLinks(URI uri) {
        this.uri = uri;
    }

    @Override
    public ResumeModel.Link open(String room, String since, Consumer<String> frames, Consumer<String> closed) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(this.uri + "?room=" + room)).header("Accept", "text/event-stream");
        if (since != null) {
            request.header("Last-Event-ID", since);
        }
        Reader reader = new Reader(frames, closed);
        reader.response = this.http.sendAsync(request.build(), reader);
        reader.response.whenComplete((response, failure) ->
                closed.accept(failure == null ? "the stream has ended, " + response : failure.toString()));
        return reader;
    }

    private static final class Reader
            implements HttpResponse.BodyHandler<Void>, Flow.Subscriber<String>, ResumeModel.Link {

        private final Consumer<String> frames;
        private final Consumer<String> closed;
        private final AtomicBoolean stalled = new AtomicBoolean();
        private final AtomicBoolean owing = new AtomicBoolean();
        private volatile Flow.Subscription subscription;
        private volatile CompletableFuture<HttpResponse<Void>> response;
        private String id = "";
        private String data;

        Reader(Consumer<String> frames, Consumer<String> closed) {
            this.frames = frames;
            this.closed = closed;
        }

        @Override
        public HttpResponse.BodySubscriber<Void> apply(HttpResponse.ResponseInfo head) {
            if (head.statusCode() == 200) {
                return BodySubscribers.fromLineSubscriber(this);
            }
            this.closed.accept("answered " + head.statusCode());
            return BodySubscribers.discarding();
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            this.owing.set(true);
            goOn();
        }

        @Override
        public void onNext(String line) {
            if (line.startsWith("id:")) {
                this.id = line.substring(3).trim();
            } else if (line.startsWith("data:")) {
                this.data = line.substring(5).trim();
            } else if (line.isEmpty() && this.data != null) {
                frame(this.data);
                this.data = null;
            }
            this.owing.set(true);
            goOn();
        }

        /** What a client comes back with is the id of what it got last. */
        private void frame(String frame) {
            this.frames.accept(frame);
            if (frame.startsWith("{\"type\":\"event\"") && !frame.contains("\"cursor\":\"" + this.id + '"')) {
                this.closed.accept("has id " + this.id + " of " + frame);
            }
        }

        private void goOn() {
            if (!this.stalled.get() && this.owing.compareAndSet(true, false)) {
                this.subscription.request(1);
            }
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {}

        @Override
        public void stall(boolean stalled) {
            this.stalled.set(stalled);
            if (this.subscription != null) {
                goOn();
            }
        }

        @Override
        public void cut() {
            this.response.cancel(true);
        }
    }
}
