package io.github.realtimespring.handler;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.Event;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomLeft;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedObject;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.MethodParameter;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.messaging.handler.HandlerMethod;
import org.springframework.util.ClassUtils;

/** Finds the handler methods of all beans and checks them, so that a mistake stops the start and not a user. */
final class RoomMappings {

    private static final List<Class<? extends Annotation>> METHODS =
            List.of(RoomAccess.class, RoomJoined.class, RoomEvent.class, RoomLeft.class, Broadcast.class);

    private final ListableBeanFactory beans;
    private final EventTypes types;
    private final HandlerArguments arguments;
    private final RoomMethod.Environment environment;
    private final Map<String, Draft> drafts = new TreeMap<>();

    RoomMappings(
            ListableBeanFactory beans,
            EventTypes types,
            HandlerArguments arguments,
            RoomMethod.Environment environment) {
        this.beans = beans;
        this.types = types;
        this.arguments = arguments;
        this.environment = environment;
    }

    /** One method as it was found. */
    private record Found(
            RoomMethod.Kind kind,
            HandlerBean bean,
            Method method,
            @Nullable String event,
            @Nullable Broadcast broadcast) {

        String where() {
            return this.bean.describe(this.method);
        }
    }

    /** What was found for one pattern so far. */
    private static final class Draft {

        private final RoomPattern pattern;
        private final List<RoomAccessRule> rules = new ArrayList<>();
        private final Set<String> classes = new LinkedHashSet<>();
        private final List<Found> access = new ArrayList<>();
        private final Map<String, Found> events = new TreeMap<>();
        private final Set<Delivery> broadcasts = EnumSet.noneOf(Delivery.class);
        private @Nullable Found joined;
        private @Nullable Found left;
        private boolean open;

        Draft(RoomPattern pattern) {
            this.pattern = pattern;
        }
    }

    /** The mappings, the most specific pattern first. */
    List<RoomMapping> find(List<RoomAccessRule> rules) {
        for (RoomAccessRule rule : rules) {
            draft(rule.pattern()).rules.add(rule);
        }
        for (String name : this.beans.getBeanNamesForType(Object.class, true, false)) {
            Class<?> type = ScopedProxyUtils.isScopedTarget(name) ? null : typeOf(name);
            if (type != null && isCandidate(type)) {
                scan(new HandlerBean(this.beans, name, type));
            }
        }
        List<RoomMapping> mappings = new ArrayList<>();
        this.drafts.values().forEach(draft -> mappings.add(mapping(draft)));
        mappings.sort(Comparator.comparing(RoomMapping::pattern, RoomPattern.MOST_SPECIFIC_FIRST));
        refuseTies(mappings);
        return List.copyOf(mappings);
    }

    private static boolean isCandidate(Class<?> type) {
        return !type.getName().startsWith("org.springframework.")
                && AnnotationUtils.isCandidateClass(type, RoomEvent.class);
    }

    private static @Nullable Boolean isHandler(Method method) {
        MergedAnnotations annotations = MergedAnnotations.from(method, MergedAnnotations.SearchStrategy.TYPE_HIERARCHY);
        return METHODS.stream().anyMatch(annotations::isPresent) ? Boolean.TRUE : null;
    }

    private @Nullable Class<?> typeOf(String name) {
        Class<?> type = this.beans.getType(name, false);
        if (this.beans instanceof ConfigurableListableBeanFactory factory) {
            Class<?> target = AutoProxyUtils.determineTargetClass(factory, name);
            type = target == null ? type : target;
            if (type != null && ScopedObject.class.isAssignableFrom(type)) {
                Class<?> scoped =
                        AutoProxyUtils.determineTargetClass(factory, ScopedProxyUtils.getTargetBeanName(name));
                type = scoped == null ? type : scoped;
            }
        }
        return type == null ? null : ClassUtils.getUserClass(type);
    }

    private void scan(HandlerBean bean) {
        RoomController controller = AnnotatedElementUtils.findMergedAnnotation(bean.type(), RoomController.class);
        if (controller != null) {
            for (String pattern : controller.value()) {
                Draft draft = draft(pattern);
                draft.open |= controller.open();
                draft.classes.add(bean.type().getSimpleName());
            }
        }
        Map<Method, Boolean> methods = MethodIntrospector.selectMethods(
                bean.type(), (MethodIntrospector.MetadataLookup<Boolean>) RoomMappings::isHandler);
        methods.keySet().stream()
                .sorted(Comparator.comparing(Method::getName).thenComparing(Method::toString))
                .forEach(method -> add(bean, controller, method));
    }

    private void add(HandlerBean bean, @Nullable RoomController controller, Method method) {
        String where = bean.describe(method);
        if (Modifier.isPrivate(method.getModifiers()) || Modifier.isStatic(method.getModifiers())) {
            throw new InvalidRoomHandlerException(
                    where, "is private or static", "remove the modifier: handlers are called through the bean");
        }
        Broadcast broadcast = AnnotatedElementUtils.findMergedAnnotation(method, Broadcast.class);
        RoomEvent event = AnnotatedElementUtils.findMergedAnnotation(method, RoomEvent.class);
        if (event == null && broadcast != null) {
            throw new InvalidRoomHandlerException(
                    where, "has @Broadcast without @RoomEvent", "add @RoomEvent, or send through a Room");
        }
        if (controller == null && (event == null || event.room().isEmpty())) {
            throw new InvalidRoomHandlerException(
                    where,
                    "belongs to no room",
                    event == null
                            ? "annotate its class with @RoomController"
                            : "name the room, as in @RoomEvent(value = \"" + event.value()
                                    + "\", room = \"project:{projectId}\"), or annotate its class with"
                                    + " @RoomController");
        }
        if (event != null && !event.room().isEmpty()) {
            addEvent(draft(event.room()), new Found(RoomMethod.Kind.EVENT, bean, method, event.value(), broadcast));
        }
        for (String pattern : controller == null ? new String[0] : controller.value()) {
            Draft draft = draft(pattern);
            if (event != null && event.room().isEmpty()) {
                addEvent(draft, new Found(RoomMethod.Kind.EVENT, bean, method, event.value(), broadcast));
            }
            addSteps(draft, bean, method);
        }
    }

    private static void addSteps(Draft draft, HandlerBean bean, Method method) {
        if (AnnotatedElementUtils.hasAnnotation(method, RoomAccess.class)) {
            draft.access.add(new Found(RoomMethod.Kind.ACCESS, bean, method, null, null));
        }
        if (AnnotatedElementUtils.hasAnnotation(method, RoomJoined.class)) {
            draft.joined = only(draft, draft.joined, new Found(RoomMethod.Kind.JOINED, bean, method, null, null));
        }
        if (AnnotatedElementUtils.hasAnnotation(method, RoomLeft.class)) {
            draft.left = only(draft, draft.left, new Found(RoomMethod.Kind.LEFT, bean, method, null, null));
        }
    }

    private static void addEvent(Draft draft, Found found) {
        String event = String.valueOf(found.event());
        if (!Event.isValidType(event)) {
            throw new InvalidRoomHandlerException(
                    found.where(),
                    "handles an event whose name no client can send",
                    "use 1 to 100 letters, digits or . _ ~ : -");
        }
        Found other = draft.events.putIfAbsent(event, found);
        if (other != null) {
            throw new DuplicateRoomHandlerException(draft.pattern.text(), event, other.where(), found.where());
        }
        draft.classes.add(found.bean().type().getSimpleName());
    }

    private static Found only(Draft draft, @Nullable Found other, Found found) {
        if (other != null) {
            throw new DuplicateRoomHandlerException(draft.pattern.text(), null, other.where(), found.where());
        }
        return found;
    }

    private Draft draft(String pattern) {
        return this.drafts.computeIfAbsent(pattern, text -> new Draft(RoomPattern.parse(text)));
    }

    private RoomMapping mapping(Draft draft) {
        boolean secured = draft.joined != null
                && Libraries.SECURITY
                && MethodSecurity.isDeclared(
                        draft.joined.method(), draft.joined.bean().type());
        String access = access(draft, secured);
        if (access.isEmpty()) {
            throw new MissingRoomAccessException(draft.pattern.text(), List.copyOf(draft.classes), null);
        }
        List<RoomMethod> accessMethods = new ArrayList<>();
        draft.access.forEach(found -> accessMethods.add(method(draft, found, access)));
        RoomMethod joined = draft.joined == null ? null : method(draft, draft.joined, access);
        RoomMethod left = draft.left == null ? null : method(draft, draft.left, access);
        Map<String, RoomMapping.EventMethod> events = new LinkedHashMap<>();
        draft.events.forEach((event, found) -> {
            Broadcast broadcast = found.broadcast();
            events.put(
                    event,
                    new RoomMapping.EventMethod(
                            method(draft, found, access),
                            broadcast != null,
                            broadcast == null || broadcast.value().isEmpty() ? null : broadcast.value()));
        });
        List<HandlerDescription> descriptions = new ArrayList<>();
        draft.rules.forEach(rule -> descriptions.add(
                new HandlerDescription(draft.pattern.text(), "access", null, nameOf(rule), null, access, null, null)));
        accessMethods.forEach(method -> descriptions.add(method.description()));
        if (joined != null) {
            descriptions.add(joined.description());
        }
        events.values().forEach(event -> descriptions.add(event.method().description()));
        if (left != null) {
            descriptions.add(left.description());
        }
        return new RoomMapping(
                draft.pattern,
                List.copyOf(draft.rules),
                List.copyOf(accessMethods),
                secured ? joined : null,
                joined,
                Map.copyOf(events),
                left,
                Set.copyOf(draft.broadcasts),
                List.copyOf(descriptions));
    }

    private static String access(Draft draft, boolean secured) {
        List<String> rules = new ArrayList<>();
        draft.rules.forEach(rule -> rules.add(nameOf(rule)));
        draft.access.forEach(found -> rules.add(found.where()));
        if (secured && draft.joined != null) {
            rules.add("@PreAuthorize " + draft.joined.where());
        }
        if (rules.isEmpty() && draft.open) {
            return "open";
        }
        return String.join(", ", rules);
    }

    private static String nameOf(RoomAccessRule rule) {
        String name = rule.getClass().getSimpleName();
        return name.isEmpty() || rule.getClass().isSynthetic() ? "RoomAccessRule" : name;
    }

    private RoomMethod method(Draft draft, Found found, String access) {
        HandlerMethod handler = new HandlerMethod(found.bean().name(), this.beans, found.method());
        MethodParameter[] parameters = handler.getMethodParameters();
        for (MethodParameter parameter : parameters) {
            parameter.initParameterNameDiscovery(new DefaultParameterNameDiscoverer());
        }
        MethodParameter payload = this.arguments.check(parameters, found.kind(), draft.pattern, found.where());
        if (ReturnValues.isStream(found.method().getReturnType())) {
            throw new InvalidRoomHandlerException(
                    found.where(), "returns a stream", "return one value: a list, a Mono or a CompletionStage");
        }
        ResolvableType value = ReturnValues.valueType(handler.getReturnType());
        EventTypes.Resolved sent = null;
        if (found.broadcast() != null) {
            if (value.toClass() == void.class || value.toClass() == Void.class) {
                throw new InvalidRoomHandlerException(
                        found.where(), "has @Broadcast and returns nothing", "return what is to be sent");
            }
            sent = this.types.resolve(found.broadcast().value(), value.toClass());
            draft.broadcasts.add(sent.delivery().name());
        }
        HandlerDescription description = new HandlerDescription(
                draft.pattern.text(),
                found.kind().wireName(),
                found.event(),
                found.where(),
                payload == null ? null : payload.getParameterType().getSimpleName(),
                access,
                sent == null ? null : sent.name(),
                sent == null ? null : sent.delivery().name().wireName());
        return new RoomMethod(description, found.bean(), found.method(), this.environment);
    }

    private static void refuseTies(List<RoomMapping> mappings) {
        for (int i = 0; i < mappings.size(); i++) {
            RoomPattern one = mappings.get(i).pattern();
            for (int j = i + 1;
                    j < mappings.size() && one.tiesWith(mappings.get(j).pattern());
                    j++) {
                String common = one.common(mappings.get(j).pattern());
                if (common != null) {
                    throw new AmbiguousRoomPatternException(
                            one.text(), mappings.get(j).pattern().text(), common);
                }
            }
        }
    }
}
