package io.github.realtimespring.architecture;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What code outside a module can name: public types and their public and protected members, one line each, in a form
 * that is the same on every JDK.
 */
final class ApiSignatures {

    private static final int SHOWN =
            Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC | Modifier.ABSTRACT | Modifier.FINAL;

    private ApiSignatures() {}

    /** The lines of {@code types}, sorted by type name; types that are not reachable from outside are left out. */
    static List<String> of(List<Class<?>> types) {
        List<String> lines = new ArrayList<>();
        types.stream()
                .filter(ApiSignatures::isReachable)
                .sorted((a, b) -> a.getName().compareTo(b.getName()))
                .forEach(type -> {
                    lines.add(header(type));
                    members(type)
                            .distinct()
                            .map(member -> "    " + member)
                            .sorted()
                            .forEach(lines::add);
                });
        return lines;
    }

    private static boolean isReachable(Class<?> type) {
        if (type.isSynthetic() || type.isAnonymousClass() || type.isLocalClass()) {
            return false;
        }
        for (Class<?> each = type; each != null; each = each.getEnclosingClass()) {
            if (!isReachable(each.getModifiers())) {
                return false;
            }
        }
        return true;
    }

    private static boolean isReachable(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String header(Class<?> type) {
        int hidden = type.isInterface() ? Modifier.ABSTRACT : (type.isEnum() || type.isRecord()) ? Modifier.FINAL : 0;
        if (type.isEnum()) {
            hidden |= Modifier.ABSTRACT;
        }
        StringBuilder line = new StringBuilder(words(type.getModifiers() & ~hidden))
                .append(kind(type))
                .append(' ')
                .append(type.getName())
                .append(typeParameters(type.getTypeParameters()));
        Type parent =
                shown(type).reduce((lower, higher) -> higher).orElseThrow().getGenericSuperclass();
        if (parent != null && !type.isEnum() && !type.isRecord() && parent != Object.class) {
            line.append(" extends ").append(parent.getTypeName());
        }
        Type[] interfaces = type.getGenericInterfaces();
        if (interfaces.length > 0 && !type.isAnnotation()) {
            line.append(type.isInterface() ? " extends " : " implements ").append(names(interfaces));
        }
        if (type.isSealed()) {
            line.append(" permits ").append(names(type.getPermittedSubclasses()));
        }
        return line.toString();
    }

    private static String kind(Class<?> type) {
        if (type.isAnnotation()) {
            return "@interface";
        }
        if (type.isInterface()) {
            return "interface";
        }
        return type.isEnum() ? "enum" : type.isRecord() ? "record" : "class";
    }

    /** The type and what it inherits from that callers cannot name. */
    private static Stream<Class<?>> shown(Class<?> type) {
        return Stream.<Class<?>>iterate(
                type, each -> each != null && (each == type || !isReachable(each)), Class::getSuperclass);
    }

    private static Stream<String> members(Class<?> type) {
        Stream<String> fields = shown(type)
                .flatMap(each -> Arrays.stream(each.getDeclaredFields()))
                .filter(ApiSignatures::isShown)
                .map(ApiSignatures::line);
        Stream<String> constructors = Arrays.stream(type.getDeclaredConstructors())
                .filter(constructor -> !type.isEnum() && isShown(constructor))
                .map(ApiSignatures::line);
        Stream<String> methods = shown(type)
                .flatMap(each -> Arrays.stream(each.getDeclaredMethods()))
                .filter(method -> isShown(method) && !isImplied(type, method))
                .map(ApiSignatures::line);
        return Stream.of(fields, constructors, methods).flatMap(lines -> lines);
    }

    private static boolean isShown(Member member) {
        return isReachable(member.getModifiers()) && !member.isSynthetic();
    }

    /** Methods of {@code Object}, and those that every enum has, say nothing about this type. */
    private static boolean isImplied(Class<?> type, Method method) {
        if (type.isEnum() && List.of("values", "valueOf").contains(method.getName())) {
            return true;
        }
        return Arrays.stream(Object.class.getDeclaredMethods())
                .anyMatch(of -> of.getName().equals(method.getName())
                        && Arrays.equals(of.getParameterTypes(), method.getParameterTypes()));
    }

    private static String line(Field field) {
        if (field.isEnumConstant()) {
            return "constant " + field.getName();
        }
        return words(field.getModifiers()) + field.getGenericType().getTypeName() + " " + field.getName();
    }

    private static String line(Constructor<?> constructor) {
        return words(constructor.getModifiers())
                + typeParameters(constructor.getTypeParameters()).stripLeading()
                + "new("
                + parameters(constructor)
                + ")"
                + thrown(constructor);
    }

    private static String line(Method method) {
        boolean ofInterface = method.getDeclaringClass().isInterface();
        // final and static are facts; whether an interface's method is default is what implementors must know
        String words = ofInterface
                ? (Modifier.isStatic(method.getModifiers()) ? "static " : method.isDefault() ? "default " : "abstract ")
                : words(method.getModifiers());
        String variables = typeParameters(method.getTypeParameters());
        Object preset = method.getDefaultValue();
        return words
                + (variables.isEmpty() ? "" : variables + " ")
                + method.getGenericReturnType().getTypeName()
                + " "
                + method.getName()
                + "("
                + parameters(method)
                + ")"
                + thrown(method)
                + (preset == null ? "" : " default " + shown(preset));
    }

    private static String shown(Object preset) {
        if (preset instanceof Object[] values) {
            return Arrays.stream(values).map(ApiSignatures::shown).collect(Collectors.joining(", ", "{", "}"));
        }
        if (preset instanceof Class<?> type) {
            return type.getName();
        }
        if (preset instanceof Enum<?> constant) {
            return constant.name();
        }
        return preset instanceof String text ? '"' + text + '"' : String.valueOf(preset);
    }

    private static String parameters(Executable executable) {
        Parameter[] parameters = executable.getParameters();
        return Arrays.stream(parameters)
                .map(parameter -> parameter.isVarArgs()
                        ? parameter.getParameterizedType().getTypeName().replaceFirst("\\[]$", "...")
                        : parameter.getParameterizedType().getTypeName())
                .collect(Collectors.joining(", "));
    }

    private static String thrown(Executable executable) {
        Type[] types = executable.getGenericExceptionTypes();
        return types.length == 0 ? "" : " throws " + names(types);
    }

    private static String typeParameters(TypeVariable<?>[] variables) {
        if (variables.length == 0) {
            return "";
        }
        return Arrays.stream(variables)
                .map(variable -> {
                    Type[] bounds = variable.getBounds();
                    boolean unbounded = bounds.length == 1 && bounds[0] == Object.class;
                    return variable.getName()
                            + (unbounded ? "" : " extends " + names(bounds).replace(", ", " & "));
                })
                .collect(Collectors.joining(", ", "<", ">"));
    }

    private static String names(Type[] types) {
        return Arrays.stream(types).map(Type::getTypeName).collect(Collectors.joining(", "));
    }

    private static String words(int modifiers) {
        String words = Modifier.toString(modifiers & SHOWN);
        return words.isEmpty() ? "" : words + " ";
    }
}
