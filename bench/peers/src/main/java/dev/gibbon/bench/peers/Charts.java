// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.awt.Color;
import java.awt.Dimension;
import java.awt.Font;
import java.awt.Paint;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.List;
import java.util.Locale;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.jfree.chart.ChartFactory;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.StandardChartTheme;
import org.jfree.chart.labels.ItemLabelAnchor;
import org.jfree.chart.labels.ItemLabelPosition;
import org.jfree.chart.labels.StandardCategoryItemLabelGenerator;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.category.DefaultCategoryDataset;
import org.w3c.dom.Document;

/** Horizontal bars, the shortest, which is the best, on top: a file of SVG for each scenario. */
final class Charts {
    private static final int WIDTH = 760;
    private static final int ROW_HEIGHT = 26;
    private static final int FRAME_HEIGHT = 80;
    private static final Color OURS = new Color(0x2a7f62);
    private static final Color FLOOR = new Color(0x5f6b76);
    private static final Color OTHERS = new Color(0xb9c2cb);

    private Charts() {}

    static void write(Summary summary, Scenario scenario, Path file) throws IOException {
        Metric metric = Report.main(scenario);
        List<Rival> ranking = summary.ranking(scenario.name(), metric);
        DefaultCategoryDataset bars = new DefaultCategoryDataset();
        for (Rival rival : ranking) {
            bars.addValue(
                    summary.figure(rival.name(), scenario.name(), metric).orElseThrow(), metric.title(), rival.name());
        }
        JFreeChart chart = ChartFactory.createBarChart(
                scenario.name(), null, metric.title(), bars, PlotOrientation.HORIZONTAL, false, false, false);
        style(chart, ranking);
        draw(chart, WIDTH, FRAME_HEIGHT + ROW_HEIGHT * ranking.size(), file);
    }

    private static void style(JFreeChart chart, List<Rival> ranking) {
        StandardChartTheme theme = new StandardChartTheme("plain");
        theme.setExtraLargeFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        theme.setLargeFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        theme.setRegularFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        theme.apply(chart);
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setBackgroundPaint(Color.WHITE);
        plot.setRangeGridlinePaint(new Color(0xe3e7ea));
        plot.setOutlineVisible(false);
        plot.getRangeAxis().setUpperMargin(0.12); // Room for the figure beside the longest bar.
        plot.getDomainAxis().setCategoryMargin(0.3);
        BarRenderer renderer = new BarRenderer() {
            private static final long serialVersionUID = 1;

            @Override
            public Paint getItemPaint(int row, int column) {
                Rival rival = ranking.get(column);
                return rival.isOurs() ? OURS : Target.Base.FLOOR.has(rival) ? FLOOR : OTHERS;
            }
        };
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setMaximumBarWidth(0.2);
        renderer.setDefaultItemLabelGenerator(new StandardCategoryItemLabelGenerator(
                "{2}", new DecimalFormat("#,##0.##", DecimalFormatSymbols.getInstance(Locale.ROOT))));
        renderer.setDefaultItemLabelsVisible(true);
        // To the right of the bar: anchors are named as on a clock.
        renderer.setDefaultPositiveItemLabelPosition(
                new ItemLabelPosition(ItemLabelAnchor.OUTSIDE3, TextAnchor.CENTER_LEFT));
        plot.setRenderer(renderer);
    }

    private static void draw(JFreeChart chart, int width, int height, Path file) throws IOException {
        Document document;
        try {
            document = DocumentBuilderFactory.newNSInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument("http://www.w3.org/2000/svg", "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("the JDK's own parser has no such option set", e);
        }
        SVGGraphics2D graphics = new SVGGraphics2D(document);
        graphics.setSVGCanvasSize(new Dimension(width, height));
        chart.draw(graphics, new Rectangle2D.Double(0, 0, width, height));
        try (Writer out = Files.newBufferedWriter(file)) {
            graphics.stream(out, true);
        }
    }
}
