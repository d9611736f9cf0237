// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.lang.classfile.AccessFlags;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassSignature;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodSignature;
import java.lang.classfile.Signature;
import java.lang.classfile.Signature.ArrayTypeSig;
import java.lang.classfile.Signature.BaseTypeSig;
import java.lang.classfile.Signature.ClassTypeSig;
import java.lang.classfile.Signature.RefTypeSig;
import java.lang.classfile.Signature.TypeArg;
import java.lang.classfile.Signature.TypeParam;
import java.lang.classfile.Signature.TypeVarSig;
import java.lang.classfile.TypeAnnotation.FormalParameterTarget;
import java.lang.classfile.TypeAnnotation.TargetType;
import java.lang.classfile.attribute.ConstantValueAttribute;
import java.lang.classfile.attribute.InnerClassInfo;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Lists what a module exports to everyone, an automatic module all of it: each public or protected type of an exported
 * package with its public and protected members, sorted, one to a line. Compares the list with a file or rewrites it:
 * {@code java ApiDump.java check|write CLASSES FILE}.
 */
public final class ApiDump {
    private static final List<AccessFlag> SHOWN =
            List.of(AccessFlag.PUBLIC, AccessFlag.PROTECTED, AccessFlag.STATIC, AccessFlag.ABSTRACT, AccessFlag.FINAL);

    private final SortedMap<String, ClassModel> classes = new TreeMap<>();

    private final SortedSet<String> leaks = new TreeSet<>();
    private final Path directory;
    private final SortedSet<String> exported;

    private ApiDump(Path directory) throws IOException {
        this.directory = directory;
        Path module = directory.resolve("module-info.class");
        exported = Files.exists(module) ? exported(module) : packages(directory);
    }

    private static SortedSet<String> exported(Path module) throws IOException {
        return ClassFile.of().parse(module).findAttribute(Attributes.module()).orElseThrow().exports().stream()
                .filter(export -> export.exportsTo().isEmpty())
                .map(export -> export.exportedPackage().name().stringValue())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** {@return all packages with classes, which is what an automatic module exports} */
    private static SortedSet<String> packages(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".class"))
                    .map(file ->
                            directory.relativize(file.getParent()).toString().replace('\\', '/'))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 3 || !List.of("check", "write").contains(args[0])) {
            System.err.println("usage: ApiDump check|write CLASSES FILE, not " + Arrays.toString(args));
            System.exit(2);
        }
        Path file = Path.of(args[2]);
        ApiDump api = new ApiDump(Path.of(args[1]));
        List<String> is = api.dump();
        if (!api.leaks.isEmpty()) {
            System.err.println("The public API names types that its users cannot: " + String.join(", ", api.leaks));
            System.exit(1);
        }
        List<String> was = Files.exists(file) ? Files.readAllLines(file) : List.of();
        if (is.equals(was)) {
            return;
        }
        if (args[0].equals("write")) {
            Files.write(file, is);
            System.out.println("wrote " + file);
            return;
        }
        System.err.println("The public API is not what " + file + " says:");
        onlyIn(was, is).forEach(line -> System.err.println("  - " + line));
        onlyIn(is, was).forEach(line -> System.err.println("  + " + line));
        System.err.println("If that is meant, run dev/api-dump, commit the file and add a line to CHANGELOG.md.");
        System.exit(1);
    }

    /** Members alone say little, so each line that differs carries the type it stands under. */
    private static List<String> onlyIn(List<String> these, List<String> those) {
        List<String> named = named(these);
        named.removeAll(named(those));
        return named;
    }

    private static List<String> named(List<String> lines) {
        List<String> named = new ArrayList<>();
        String type = "";
        for (String line : lines) {
            if (line.startsWith(" ")) {
                named.add(type + ": " + line.strip());
            } else {
                type = line.replaceAll(".*(?:class|interface|enum|record) ([\\w.]+).*", "$1");
                named.add(line);
            }
        }
        return named;
    }

    private List<String> dump() throws IOException {
        for (String exportedPackage : exported) {
            try (Stream<Path> files = Files.list(directory.resolve(exportedPackage))) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".class")).toList()) {
                    ClassModel model = ClassFile.of().parse(file);
                    classes.put(model.thisClass().asInternalName(), model);
                }
            }
        }
        List<String> lines = new ArrayList<>();
        for (ClassModel model : classes.values()) {
            if (isVisible(model)) {
                lines.add(typeLine(model));
                Set<String> members = new TreeSet<>();
                model.fields().stream().filter(f -> isApi(f.flags())).forEach(f -> members.add(fieldLine(f)));
                model.methods().stream().filter(m -> isApi(m.flags())).forEach(m -> members.add(methodLine(model, m)));
                members.forEach(member -> lines.add("    " + member));
            }
        }
        return lines;
    }

    // A nested type says in its InnerClasses entry what it
    // may be seen by, and is hidden by a hidden outer one.

    private Optional<InnerClassInfo> nesting(ClassModel model) {
        return model.findAttribute(Attributes.innerClasses()).stream()
                .flatMap(a -> a.classes().stream())
                .filter(info -> info.innerClass().equals(model.thisClass()))
                .findFirst();
    }

    private boolean isVisible(ClassModel model) {
        Optional<InnerClassInfo> nesting = nesting(model);
        if (nesting.isEmpty()) {
            return model.flags().has(AccessFlag.PUBLIC);
        }
        Optional<ClassEntry> outer = nesting.get().outerClass();
        return isSeen(nesting.get().flags())
                && outer.isPresent()
                && isVisible(classes.get(outer.get().asInternalName()));
    }

    private static boolean isSeen(Set<AccessFlag> flags) {
        return flags.contains(AccessFlag.PUBLIC) || flags.contains(AccessFlag.PROTECTED);
    }

    private static boolean isApi(AccessFlags flags) {
        return isSeen(flags.flags()) && !flags.has(AccessFlag.SYNTHETIC);
    }

    private String typeLine(ClassModel model) {
        Set<AccessFlag> flags =
                nesting(model).map(InnerClassInfo::flags).orElse(model.flags().flags());
        boolean isInterface = flags.contains(AccessFlag.INTERFACE);
        boolean isRecord = model.findAttribute(Attributes.record()).isPresent();
        boolean isEnum = flags.contains(AccessFlag.ENUM);
        String kind = flags.contains(AccessFlag.ANNOTATION)
                ? "@interface"
                : isInterface ? "interface" : isRecord ? "record" : isEnum ? "enum" : "class";
        ClassSignature signature = model.findAttribute(Attributes.signature())
                .map(a -> a.asClassSignature())
                .orElseGet(() -> ClassSignature.of(
                        ClassTypeSig.of(
                                model.superclass().map(ClassEntry::asSymbol).orElseThrow()),
                        model.interfaces().stream()
                                .map(i -> ClassTypeSig.of(i.asSymbol()))
                                .toArray(ClassTypeSig[]::new)));
        StringBuilder line = new StringBuilder(modifiers(flags, isInterface));
        model.findAttribute(Attributes.permittedSubclasses()).ifPresent(_ -> line.append("sealed "));
        line.append(kind).append(' ').append(readable(model.thisClass().asInternalName()));
        line.append(typeParameters(signature.typeParameters()).strip());
        model.findAttribute(Attributes.record())
                .ifPresent(a -> line.append(a.components().stream()
                        .map(c -> type(c.findAttribute(Attributes.signature())
                                        .map(s -> s.asTypeSignature())
                                        .orElseGet(() -> Signature.of(c.descriptorSymbol())))
                                + " "
                                + c.name().stringValue())
                        .collect(Collectors.joining(", ", "(", ")"))));
        String parent = type(signature.superclassSignature());
        if (!Set.of("Object", "Record").contains(parent) && !isEnum) {
            line.append(" extends ").append(parent);
        }
        if (!signature.superinterfaceSignatures().isEmpty()) {
            line.append(isInterface ? " extends " : " implements ")
                    .append(types(signature.superinterfaceSignatures(), ", "));
        }
        model.findAttribute(Attributes.permittedSubclasses())
                .ifPresent(a -> line.append(a.permittedSubclasses().stream()
                        .map(c -> readable(c.asInternalName()))
                        .sorted()
                        .collect(Collectors.joining(", ", " permits ", ""))));
        return line.toString();
    }

    private String fieldLine(FieldModel field) {
        Signature type = field.findAttribute(Attributes.signature())
                .map(a -> a.asTypeSignature())
                .orElseGet(() -> Signature.of(field.fieldTypeSymbol()));
        // A constant's value is copied into the classes of callers, so it belongs to the contract.
        String value = field.findAttribute(Attributes.constantValue())
                .map(ConstantValueAttribute::constant)
                .map(constant -> " = " + constant.constantValue())
                .orElse("");
        return modifiers(field.flags().flags(), false)
                + nullable(field, TargetType.FIELD, 0)
                + type(type)
                + " "
                + field.fieldName().stringValue()
                + value;
    }

    private String methodLine(ClassModel owner, MethodModel method) {
        MethodSignature signature = method.findAttribute(Attributes.signature())
                .map(a -> a.asMethodSignature())
                .orElseGet(() -> MethodSignature.of(method.methodTypeSymbol()));
        Set<AccessFlag> flags = method.flags().flags();
        boolean inInterface = owner.flags().has(AccessFlag.INTERFACE);
        StringBuilder line = new StringBuilder(modifiers(flags, inInterface));
        if (inInterface && !flags.contains(AccessFlag.ABSTRACT) && !flags.contains(AccessFlag.STATIC)) {
            line.append("default ");
        }
        line.append(typeParameters(signature.typeParameters()));
        String name = method.methodName().stringValue();
        if (name.equals("<init>")) {
            name = "new";
        } else {
            line.append(nullable(method, TargetType.METHOD_RETURN, 0))
                    .append(type(signature.result()))
                    .append(' ');
        }
        List<String> parameters = new ArrayList<>();
        for (Signature parameter : signature.arguments()) {
            parameters.add(nullable(method, TargetType.METHOD_FORMAL_PARAMETER, parameters.size()) + type(parameter));
        }
        if (flags.contains(AccessFlag.VARARGS)) {
            parameters.add(parameters.removeLast().replaceFirst("\\[]$", "..."));
        }
        line.append(name).append(parameters.stream().collect(Collectors.joining(", ", "(", ")")));
        List<String> thrown = signature.throwableSignatures().isEmpty()
                ? method.findAttribute(Attributes.exceptions()).stream()
                        .flatMap(a -> a.exceptions().stream())
                        .map(e -> name(e.asSymbol()))
                        .toList()
                : signature.throwableSignatures().stream().map(this::type).toList();
        return line
                + (thrown.isEmpty() ? "" : thrown.stream().sorted().collect(Collectors.joining(", ", " throws ", "")));
    }

    /** {@return "@Nullable " where the whole field, result or parameter is marked so} */
    private static String nullable(AttributedElement member, TargetType where, int parameter) {
        return member.findAttribute(Attributes.runtimeVisibleTypeAnnotations()).stream()
                .flatMap(a -> a.annotations().stream())
                .filter(a -> a.annotation().className().equalsString("Lorg/jspecify/annotations/Nullable;"))
                .filter(a -> a.targetPath().isEmpty() && a.targetInfo().targetType() == where)
                .filter(a -> !(a.targetInfo() instanceof FormalParameterTarget target)
                        || target.formalParameterIndex() == parameter)
                .findFirst()
                .map(_ -> "@Nullable ")
                .orElse("");
    }

    private static String modifiers(Set<AccessFlag> flags, boolean inInterface) {
        return SHOWN.stream()
                .filter(flags::contains)
                .filter(flag -> !(inInterface && flag == AccessFlag.ABSTRACT))
                .map(flag -> flag.name().toLowerCase(Locale.ROOT) + " ")
                .collect(Collectors.joining());
    }

    private String typeParameters(List<TypeParam> parameters) {
        if (parameters.isEmpty()) {
            return "";
        }
        return parameters.stream()
                .map(p -> {
                    List<RefTypeSig> bounds = Stream.concat(p.classBound().stream(), p.interfaceBounds().stream())
                            .filter(bound -> !type(bound).equals("Object"))
                            .toList();
                    return p.identifier() + (bounds.isEmpty() ? "" : " extends " + types(bounds, " & "));
                })
                .collect(Collectors.joining(", ", "<", "> "));
    }

    private String types(List<? extends Signature> signatures, String separator) {
        return signatures.stream().map(this::type).collect(Collectors.joining(separator));
    }

    private String type(Signature signature) {
        return switch (signature) {
            case BaseTypeSig base ->
                ClassDesc.ofDescriptor(base.signatureString()).displayName();
            case ArrayTypeSig array -> type(array.componentSignature()) + "[]";
            case TypeVarSig variable -> variable.identifier();
            case ClassTypeSig type ->
                type.outerType().map(outer -> type(outer) + ".").orElse("")
                        + className(type.className())
                        + (type.typeArgs().isEmpty()
                                ? ""
                                : type.typeArgs().stream()
                                        .map(this::typeArgument)
                                        .collect(Collectors.joining(", ", "<", ">")));
        };
    }

    private String typeArgument(TypeArg argument) {
        return switch (argument) {
            case TypeArg.Unbounded _ -> "?";
            case TypeArg.Bounded bounded ->
                switch (bounded.wildcardIndicator()) {
                    case NONE -> type(bounded.boundType());
                    case EXTENDS -> "? extends " + type(bounded.boundType());
                    case SUPER -> "? super " + type(bounded.boundType());
                };
        };
    }

    private String name(ClassDesc type) {
        return type(Signature.of(type));
    }

    private String className(String internalName) {
        boolean ours = Files.exists(directory.resolve(internalName + ".class"));
        if (ours && !(classes.containsKey(internalName) && isVisible(classes.get(internalName)))) {
            leaks.add(internalName.replace('/', '.'));
        }
        return readable(internalName);
    }

    private static String readable(String internalName) {
        return internalName.replaceAll("[/$]", ".").replaceFirst("^java[.]lang[.](?=[A-Z])", "");
    }
}
