// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Medians over the rounds of a run, and ratios of them. */
final class Summary {
    private final Results results;

    Summary(Results results) {
        this.results = results;
    }

    /** {@return the middle value, or the mean of the middle two; empty if there are none} */
    static OptionalDouble median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int size = sorted.size();
        if (size == 0) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of((sorted.get((size - 1) / 2) + sorted.get(size / 2)) / 2);
    }

    /** {@return one median divided by another; empty unless both are there and the second is not zero} */
    static OptionalDouble ratio(OptionalDouble figure, OptionalDouble base) {
        if (figure.isEmpty() || base.isEmpty() || base.getAsDouble() == 0) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(figure.getAsDouble() / base.getAsDouble());
    }

    Results results() {
        return results;
    }

    /** {@return the median of a figure over the rounds that did not fail} */
    OptionalDouble figure(String rival, String scenario, Metric metric) {
        return median(
                runs(rival, scenario).map(metric::of).filter(Objects::nonNull).toList());
    }

    /** {@return how many rounds a figure is the median of} */
    long rounds(String rival, String scenario) {
        return runs(rival, scenario).count();
    }

    /** {@return what a server answered to the offer of compression; empty if it declined, or was not asked} */
    Optional<String> agreed(String rival, String scenario) {
        return runs(rival, scenario)
                .map(Measurement::load)
                .filter(Objects::nonNull)
                .map(LoadResult::compression)
                .filter(Objects::nonNull)
                .map(LoadResult.Compression::agreed)
                .filter(agreed -> !agreed.isEmpty())
                .findFirst();
    }

    /** {@return the rivals that have the figure in the scenario, the smallest figure first} */
    List<Rival> ranking(String scenario, Metric metric) {
        return results.rivals().stream()
                .filter(rival -> figure(rival.name(), scenario, metric).isPresent())
                .sorted(Comparator.comparingDouble(
                        rival -> figure(rival.name(), scenario, metric).orElse(Double.NaN)))
                .toList();
    }

    /** {@return the one with the smallest figure among some rivals} */
    Optional<Rival> best(Predicate<Rival> among, String scenario, Metric metric) {
        return ranking(scenario, metric).stream().filter(among).findFirst();
    }

    private Stream<Measurement> runs(String rival, String scenario) {
        return results.measurements().stream()
                .filter(run -> run.failure() == null
                        && run.rival().equals(rival)
                        && run.scenario().equals(scenario));
    }
}
