package io.github.realtimespring.testing;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.Validate;

/**
 * Scenarios for lincheck that are not left to chance: operations are named as {@code join 1}, and the test class's
 * validation runs at the end.
 */
public final class Scenario {

    private Scenario() {}

    /** What happens before, what one thread does, and what the other does meanwhile. */
    public static ExecutionScenario of(Class<?> tests, List<String> before, List<String> one, List<String> other) {
        Actor validation = new Actor(
                Stream.of(tests.getMethods())
                        .filter(method -> method.isAnnotationPresent(Validate.class))
                        .findFirst()
                        .orElseThrow(),
                List.of());
        return new ExecutionScenario(
                actors(tests, before), List.of(actors(tests, one), actors(tests, other)), List.of(), validation);
    }

    private static List<Actor> actors(Class<?> tests, List<String> operations) {
        return operations.stream().map(operation -> actor(tests, operation)).toList();
    }

    private static Actor actor(Class<?> tests, String operation) {
        String[] words = operation.split(" ", -1);
        Method method = Stream.of(tests.getMethods())
                .filter(candidate -> candidate.getName().equals(words[0]))
                .findFirst()
                .orElseThrow();
        List<Integer> arguments =
                Arrays.stream(words).skip(1).map(Integer::valueOf).toList();
        return new Actor(method, arguments);
    }
}
