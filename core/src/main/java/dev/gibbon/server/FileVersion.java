// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Headers;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/**
 * Which version of a file an answer is about, by its length and the time of its last change, for clients that have one
 * (RFC 9110 §8.8, §13).
 *
 * @param tag weak, since a file may change twice within one tick of its clock
 * @param modified to the second
 */
record FileVersion(String tag, Instant modified) {
    /** RFC 9110 §5.6.7. */
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM uuuu HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    static FileVersion of(BasicFileAttributes file) {
        Instant changed = file.lastModifiedTime().toInstant();
        String tag = "W/\"" + Long.toHexString(file.size()) + "-" + Long.toHexString(changed.getEpochSecond()) + "-"
                + Integer.toHexString(changed.getNano()) + "\"";
        return new FileVersion(tag, changed.truncatedTo(ChronoUnit.SECONDS));
    }

    Headers fields() {
        return Headers.of("ETag", tag, "Last-Modified", HTTP_DATE.format(modified));
    }

    /** {@return whether this is the version that the client has} The tag counts before the date (RFC 9110 §13.2.2). */
    boolean isKnown(Headers request) {
        List<String> tags = request.all("If-None-Match");
        if (!tags.isEmpty()) {
            return tags.stream().anyMatch(this::isAmong);
        }
        return request.first("If-Modified-Since").stream().anyMatch(this::isUnmodifiedSince);
    }

    /** Compares weakly (RFC 9110 §8.8.3.2). No tag of ours has a comma in it. */
    private boolean isAmong(String list) {
        for (String each : list.split(",", -1)) {
            String candidate = each.strip();
            if (candidate.equals("*") || candidate.equals(tag) || ("W/" + candidate).equals(tag)) {
                return true;
            }
        }
        return false;
    }

    private boolean isUnmodifiedSince(String date) {
        try {
            return !modified.isAfter(Instant.from(HTTP_DATE.parse(date)));
        } catch (DateTimeException _) {
            return false; // What is no date is not there (RFC 9110 §13.1.3).
        }
    }
}
