// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

/** With Tomcat embedded, as an application has it that says nothing. */
class TomcatStarterTest extends StarterTests {}
