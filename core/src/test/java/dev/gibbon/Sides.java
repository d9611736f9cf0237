// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.AnnotationConsumer;
import org.junit.jupiter.params.support.ParameterDeclarations;

/** Runs a test with both roles by every face, or by some and then says why. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ArgumentsSource(Sides.Source.class)
@interface Sides {
    /** {@return the faces} */
    Face[] of() default {Face.PULL, Face.THREAD, Face.LOOP};

    /** {@return why the others have nothing to do with it} */
    String because() default "";

    /** Gives the roles by the faces named. */
    final class Source implements ArgumentsProvider, AnnotationConsumer<Sides> {
        private List<Face> faces = List.of();

        @Override
        public void accept(Sides sides) {
            faces = List.of(sides.of());
            if (faces.size() < Face.values().length && sides.because().isEmpty()) {
                throw new IllegalArgumentException("say why the other faces are left out");
            }
        }

        @Override
        public Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            return Side.all().stream()
                    .filter(side -> faces.contains(side.face()))
                    .map(Arguments::of);
        }
    }
}
