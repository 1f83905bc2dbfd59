package io.github.realtimespring.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTests {

    private static final String ROOT = "io.github.realtimespring";

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    /** The class below {@code violations} that breaks the rule, so that each rule is known to catch something. */
    private static final Map<String, String> OFFENDERS = offenders();

    private static Map<String, String> offenders() {
        Map<String, String> offenders = new LinkedHashMap<>();
        offenders.put("the root package looks only down", "layers.RootUsesConnection");
        for (String name : List.of(
                "connection",
                "history",
                "backplane",
                "shard",
                "registry",
                "room",
                "fanout",
                "presence",
                "redis",
                "handler",
                "protocol",
                "webmvc",
                "webflux",
                "kafka",
                "actuate")) {
            offenders.put("the " + name + " package looks only down", "layers." + name + ".LooksUp");
        }
        offenders.put("every class has its place in a known package", "place.misc.Stray");
        offenders.put("packages are free of cycles", "cycles.room.UsesRegistry");
        offenders.put("core knows no framework", "framework.room.UsesSpring");
        offenders.put("packages are null-marked", "nullness.room.Unmarked");
        offenders.put("names say what a class is", "names.room.RoomManager");
        offenders.put("abstract classes have two subclasses", "inheritance.room.AbstractRoom");
        offenders.put("fields are not injected", "injection.webmvc.FieldInjected");
        offenders.put("queues are bounded", "queues.fanout.Unbounded");
        offenders.put("leases know no wall clock", "clocks.shard.AsksTheWall");
        offenders.put("standard streams stay silent", "streams.room.Prints");
        offenders.put("nobody sends through SseEmitter", "emitter.webmvc.UsesSseEmitter");
        return offenders;
    }

    static Set<String> rules() {
        return ArchitectureRules.below(ROOT).keySet();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void productKeeps(String rule) {
        ArchitectureRules.below(ROOT).get(rule).check(PRODUCT);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void sampleIsCaughtBy(String rule) {
        String offender = OFFENDERS.get(rule);
        assertThat(offender).as("violating sample of '%s'", rule).isNotNull();
        String violations = ROOT + ".architecture.violations.";
        String root = violations + offender.substring(0, offender.indexOf('.'));
        ArchRule shownTheSample = ArchitectureRules.below(root).get(rule);
        assertThat(shownTheSample
                        .evaluate(new ClassFileImporter().importPackages(root))
                        .getFailureReport()
                        .getDetails())
                .anyMatch(detail -> detail.contains(violations + offender));
    }

    @Test
    void bothProductModulesAreSeen() {
        assertThat(PRODUCT.stream().map(JavaClass::getPackageName))
                .contains(ROOT, ROOT + ".registry", ROOT + ".fanout", ROOT + ".webmvc", ROOT + ".autoconfigure")
                .noneMatch(name -> name.startsWith(ROOT + ".architecture"));
    }
}
