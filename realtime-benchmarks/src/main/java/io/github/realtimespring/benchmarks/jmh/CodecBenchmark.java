package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.JsonFrames;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import tools.jackson.databind.json.JsonMapper;

/** What a frame costs to encode, once per event, and to read, once per frame of a client; 200 bytes of data. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
public class CodecBenchmark {

    private static final String TEXT = "x".repeat(180);
    /** The reader is not public; constant handles cost nothing once compiled. */
    private static final MethodHandle NEW_READER;

    private static final MethodHandle READ;

    static {
        try {
            String protocol = JsonFrames.class.getPackageName();
            Class<?> reader = Class.forName(protocol + ".FrameReader");
            Class<?> frame = Class.forName(protocol + ".ClientFrame");
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(reader, MethodHandles.lookup());
            NEW_READER = lookup.findConstructor(reader, MethodType.methodType(void.class, int.class, int.class))
                    .asType(MethodType.methodType(Object.class, int.class, int.class));
            READ = lookup.findVirtual(reader, "read", MethodType.methodType(frame, String.class))
                    .asType(MethodType.methodType(Object.class, Object.class, String.class));
        } catch (ReflectiveOperationException ex) {
            throw new ExceptionInInitializerError(ex);
        }
    }

    /** What an application publishes. */
    record Message(String author, String text, int likes) {}

    private final JsonFrames frames = new JsonFrames(JsonMapper.shared());
    private final Message message = new Message("ann", TEXT, 3);
    private final Event event = Event.of(
            RoutingKey.room("project:42"),
            "message.created",
            this.frames.payload(this.message),
            DeliveryClass.STANDARD);
    private final String publish =
            "{\"type\":\"publish\",\"id\":7,\"room\":\"project:42\",\"event\":\"message.create\",\"data\":{\"author\":\"ann\","
                    + "\"text\":\"" + TEXT + "\",\"likes\":3}}";
    private final Object reader;

    public CodecBenchmark() {
        try {
            this.reader = (Object) NEW_READER.invokeExact(32, 64 << 10);
        } catch (Throwable ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** The application's object becomes a payload. */
    @Benchmark
    public Payload payload() {
        return this.frames.payload(this.message);
    }

    /** The payload becomes the frame that every member gets. */
    @Benchmark
    public byte[] encode() {
        return this.frames.encode(this.event, WireFormat.JSON_V1);
    }

    /** A client's publish is read, strictly. */
    @Benchmark
    public Object read() throws Throwable {
        return (Object) READ.invokeExact(this.reader, this.publish);
    }
}
