// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Set;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Asks another JVM of this user about its heap, through the attach API and JMX. */
final class JvmProbe implements AutoCloseable {
    private final JMXConnector connector;
    private final MBeanServerConnection beans;
    private final ObjectName threading;
    private final ObjectName memory;
    private final Set<ObjectName> collectors;

    /**
     * What a JVM has done since it started.
     *
     * @param nanos when it was asked
     */
    record Sample(long nanos, long collections, long collectionMillis, long allocatedBytes) {}

    private JvmProbe(JMXConnector connector) throws IOException, JMException {
        this.connector = connector;
        beans = connector.getMBeanServerConnection();
        threading = new ObjectName(ManagementFactory.THREAD_MXBEAN_NAME);
        memory = new ObjectName(ManagementFactory.MEMORY_MXBEAN_NAME);
        collectors =
                beans.queryNames(new ObjectName(ManagementFactory.GARBAGE_COLLECTOR_MXBEAN_DOMAIN_TYPE + ",*"), null);
    }

    @SuppressWarnings("BanJNDI") // The address comes from the server's JVM, which this one started.
    static JvmProbe attach(long pid) throws IOException, JMException {
        VirtualMachine machine;
        try {
            machine = VirtualMachine.attach(Long.toString(pid));
        } catch (AttachNotSupportedException e) {
            throw new IOException("cannot attach to the server's JVM", e);
        }
        try {
            JMXServiceURL url = new JMXServiceURL(machine.startLocalManagementAgent());
            // No pings: the server is stopped between its runs and would not answer.
            JMXConnector connector =
                    JMXConnectorFactory.connect(url, Map.of("jmx.remote.x.client.connection.check.period", 0L));
            return new JvmProbe(connector);
        } finally {
            machine.detach();
        }
    }

    Sample sample() throws IOException, JMException {
        long collections = 0;
        long millis = 0;
        for (ObjectName collector : collectors) {
            collections += (Long) beans.getAttribute(collector, "CollectionCount");
            millis += (Long) beans.getAttribute(collector, "CollectionTime");
        }
        long allocated = (Long) beans.getAttribute(threading, "TotalThreadAllocatedBytes");
        return new Sample(System.nanoTime(), collections, millis, allocated);
    }

    /** {@return the bytes in the heap after a collection} */
    long liveHeap() throws IOException, JMException {
        beans.invoke(memory, "gc", new Object[0], new String[0]);
        return (Long) ((CompositeData) beans.getAttribute(memory, "HeapMemoryUsage")).get("used");
    }

    @Override
    public void close() throws IOException {
        connector.close();
    }
}
