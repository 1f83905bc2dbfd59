package io.github.realtimespring.architecture;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;

/** One of each kind of type and member, to show which lines {@link ApiSignatures} makes of them. */
public final class ApiSample {

    private ApiSample() {}

    public @interface Mark {

        String[] value() default {"a", "b"};
    }

    static final class Hidden {

        public void call() {}
    }

    public abstract static class Shown<T extends Comparable<T>> implements Callable<T> {

        public static final int LIMIT = 1;

        protected Shown(T first) {}

        @SafeVarargs
        public final <X> List<? super X> all(X... more) throws IOException {
            return List.of(more);
        }

        void internal() {}

        @Override
        public String toString() {
            return "";
        }
    }

    public enum Size {
        SMALL,
        LARGE
    }

    public record Pair(int left) {}
}
