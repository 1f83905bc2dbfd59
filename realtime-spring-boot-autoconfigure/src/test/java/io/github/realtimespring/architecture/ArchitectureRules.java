package io.github.realtimespring.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The rules of the architecture for a tree of packages below any root, so that the same rules can be shown a tree that
 * breaks them. A new package needs a row here and a violating sample.
 */
final class ArchitectureRules {

    private static final Set<String> CORE =
            Set.of("", "connection", "history", "backplane", "shard", "registry", "room", "fanout", "presence");

    /** Package to the packages that it may use besides itself and the root; "" is the root. */
    private static final Map<String, Set<String>> MAY_USE = mayUse();

    private ArchitectureRules() {}

    private static Map<String, Set<String>> mayUse() {
        Map<String, Set<String>> mayUse = new LinkedHashMap<>();
        mayUse.put("", Set.of());
        mayUse.put("history", Set.of());
        // What a queue did not take is told by reference to what the history has
        mayUse.put("connection", Set.of("history"));
        // Recording and publishing are one step, so what publishes knows what records
        mayUse.put("backplane", Set.of("history"));
        mayUse.put("shard", Set.of());
        mayUse.put("registry", Set.of("connection"));
        mayUse.put("room", Set.of("connection", "history", "backplane", "registry"));
        mayUse.put("fanout", Set.of("connection", "history", "backplane", "registry"));
        mayUse.put("presence", Set.of("connection", "history", "backplane", "shard", "registry", "room", "fanout"));
        mayUse.put("redis", CORE);
        mayUse.put("handler", CORE);
        mayUse.put("protocol", with(CORE, "handler"));
        mayUse.put("webmvc", with(CORE, "handler", "protocol"));
        mayUse.put("webflux", with(CORE, "handler", "protocol"));
        mayUse.put("kafka", CORE);
        mayUse.put("actuate", with(CORE, "handler", "protocol"));
        return mayUse;
    }

    private static Set<String> with(Set<String> packages, String... more) {
        Set<String> all = new LinkedHashSet<>(packages);
        all.addAll(List.of(more));
        return all;
    }

    /** Every rule by its name, for the packages below {@code root}. */
    static Map<String, ArchRule> below(String root) {
        Map<String, ArchRule> rules = new LinkedHashMap<>();
        MAY_USE.forEach((user, used) -> rules.put(
                "the " + (user.isEmpty() ? "root" : user) + " package looks only down", looksOnlyAt(root, user, used)));
        rules.put("every class has its place in a known package", livesInKnownPackage(root));
        rules.put(
                "packages are free of cycles",
                slices().matching(root + ".(*)..").should().beFreeOfCycles());
        rules.put("core knows no framework", knowsNoFramework(root));
        rules.put("packages are null-marked", areNullMarked(root));
        rules.put("names say what a class is", sayWhatTheyAre(root));
        rules.put("abstract classes have two subclasses", haveTwoSubclasses(root));
        rules.put("fields are not injected", areNotInjected(root));
        rules.put("queues are bounded", areBounded(root));
        rules.put(
                "leases know no wall clock",
                noClasses()
                        .that()
                        .resideInAPackage(in(root, "shard"))
                        .should()
                        .callMethod(System.class, "currentTimeMillis")
                        .orShould()
                        .dependOnClassesThat()
                        .belongToAnyOf(Instant.class, InstantSource.class, Clock.class, Date.class));
        rules.put(
                "standard streams stay silent",
                noClasses().that().resideInAPackage(root + "..").should(GeneralCodingRules.ACCESS_STANDARD_STREAMS));
        rules.put(
                "nobody sends through SseEmitter",
                noClasses()
                        .that()
                        .resideInAPackage(root + "..")
                        .should()
                        .dependOnClassesThat()
                        .haveFullyQualifiedName("org.springframework.web.servlet.mvc.method.annotation.SseEmitter"));
        rules.replaceAll((name, rule) -> rule.allowEmptyShould(true));
        return rules;
    }

    private static String in(String root, String name) {
        return name.isEmpty() ? root : root + "." + name + "..";
    }

    private static String[] in(String root, Set<String> names) {
        return names.stream().map(name -> in(root, name)).toArray(String[]::new);
    }

    private static ArchRule looksOnlyAt(String root, String user, Set<String> used) {
        return classes()
                .that()
                .resideInAPackage(in(root, user))
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage(root + "..")
                        .or(resideInAnyPackage(root, in(root, user)))
                        .or(resideInAnyPackage(in(root, used))));
    }

    private static ArchRule livesInKnownPackage(String root) {
        Set<String> known = with(MAY_USE.keySet(), "autoconfigure");
        return classes().that().resideInAPackage(root + "..").should().resideInAnyPackage(in(root, known));
    }

    private static ArchRule knowsNoFramework(String root) {
        return noClasses()
                .that(resideInAnyPackage(in(root, CORE)))
                .should()
                .dependOnClassesThat(resideInAPackage("org.springframework..")
                        .or(resideInAnyPackage("tools.jackson..", "com.fasterxml.jackson.."))
                        .or(resideInAnyPackage("jakarta..", "io.micrometer..", "reactor..", "org.reactivestreams..")));
    }

    private static ArchRule areNullMarked(String root) {
        return classes()
                .that()
                .resideInAPackage(root + "..")
                .should(new ArchCondition<>("live in a @NullMarked package") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        boolean marked = type.getPackage().isAnnotatedWith("org.jspecify.annotations.NullMarked");
                        events.add(new SimpleConditionEvent(
                                type, marked, type.getName() + " lives in a package without @NullMarked package-info"));
                    }
                });
    }

    private static ArchRule sayWhatTheyAre(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .haveNameMatching(".*(Impl|Manager|Utils?|Helper)(\\$.*)?");
    }

    private static ArchRule haveTwoSubclasses(String root) {
        return classes()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .haveSimpleNameStartingWith("Abstract")
                .should(new ArchCondition<>("have two subclasses") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        int subclasses = type.getAllSubclasses().size();
                        events.add(new SimpleConditionEvent(
                                type, subclasses >= 2, type.getName() + " has " + subclasses + " subclasses"));
                    }
                });
    }

    private static ArchRule areNotInjected(String root) {
        return noFields()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage(root + "..")
                .should()
                .beAnnotatedWith("org.springframework.beans.factory.annotation.Autowired")
                .orShould()
                .beAnnotatedWith("org.springframework.beans.factory.annotation.Value")
                .orShould()
                .beAnnotatedWith("jakarta.inject.Inject")
                .orShould()
                .beAnnotatedWith("jakarta.annotation.Resource");
    }

    private static ArchRule areBounded(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .callConstructor(LinkedBlockingQueue.class)
                .orShould()
                .callConstructor(LinkedBlockingDeque.class)
                .orShould()
                .callMethod(Executors.class, "newCachedThreadPool")
                .orShould()
                .callMethod(Executors.class, "newFixedThreadPool", int.class)
                .orShould()
                .callMethod(Executors.class, "newSingleThreadExecutor");
    }
}
