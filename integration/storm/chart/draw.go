package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	width       vg.Length = 680
	panelHeight vg.Length = 125
	textSize    vg.Length = 9
	// fastest and slowest are the ends of the scale of waits, in milliseconds.
	fastest = 0.1
	slowest = 20_000
	// noticeable parts hits from waits, in milliseconds, as in storm's table.
	noticeable = 20
	// step is the grain of the band of hits, in seconds.
	step = 0.1
	// tick is the distance of the marks below, in seconds.
	tick = 5
)

var (
	hitColor  = color.RGBA{R: 0x4c, G: 0x8b, B: 0xc2, A: 0xff}
	waitColor = color.RGBA{R: 0xc6, G: 0x28, B: 0x28, A: 0xff}
	askColor  = color.RGBA{R: 0xff, G: 0xe0, B: 0x9a, A: 0xff}
)

// render writes the panels below each other.
func render(out io.Writer, d drawing) error {
	if len(d.Panels) == 0 {
		return errors.New("nothing to draw")
	}
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	plot.DefaultFont, plotter.DefaultFont = sans, sans
	last := d.last()
	plots := make([][]*plot.Plot, 0, len(d.Panels))
	for i, p := range d.Panels {
		drawn, err := p.plot(last)
		if err != nil {
			return err
		}
		if i == len(d.Panels)-1 {
			drawn.X.Label.Text = "seconds"
		}
		plots = append(plots, []*plot.Plot{drawn})
	}
	canvas := vgsvg.New(width, panelHeight*vg.Length(len(plots)))
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: 8, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 12}
	canvases := plot.Align(plots, tiles, draw.New(canvas))
	for i, row := range plots {
		row[0].Draw(canvases[i][0])
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// Who has no Liberation Sans gets the fonts that it was made to measure like.
	_, err := out.Write(bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif")))
	return err
}

// last is when the last answer of all came.
func (d drawing) last() float64 {
	last := 0.0
	for _, p := range d.Panels {
		for _, w := range p.Waits {
			last = math.Max(last, w.At+w.Took/1000)
		}
	}
	return last
}

// plot makes one panel: the times when the origin was at work behind, the hits as a
// band, a dot for each request that waited in front.
func (p panel) plot(last float64) (*plot.Plot, error) {
	drawn := plot.New()
	drawn.Title.Text = p.Name
	drawn.Title.TextStyle.Font.Size = textSize + 2
	drawn.X.Min, drawn.X.Max = 0, last
	drawn.X.Tick.Marker = secondTicks(last)
	drawn.Y.Min, drawn.Y.Max = fastest, slowest
	drawn.Y.Scale = plot.LogScale{}
	drawn.Y.Tick.Marker = plot.ConstantTicks{
		{Value: 1, Label: "1 ms"},
		{Value: 10, Label: "10 ms"},
		{Value: 100, Label: "100 ms"},
		{Value: 1000, Label: "1 s"},
		{Value: 10000, Label: "10 s"},
	}
	for _, axis := range []*plot.Axis{&drawn.X, &drawn.Y} {
		axis.Tick.Label.Font.Size = textSize
		axis.Label.TextStyle.Font.Size = textSize
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	drawn.Add(grid)
	return drawn, errors.Join(p.addSpans(drawn), p.addHits(drawn), p.addWaits(drawn))
}

func secondTicks(last float64) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for at := 0.0; at <= last; at += tick {
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprint(at)})
	}
	return ticks
}

// addSpans shades the times when the origin made the page, and says how often.
func (p panel) addSpans(drawn *plot.Plot) error {
	for _, s := range p.Asked {
		area, err := filled(plotter.XYs{
			{X: s.From, Y: fastest}, {X: s.To, Y: fastest}, {X: s.To, Y: slowest}, {X: s.From, Y: slowest},
		}, askColor)
		if err != nil {
			return err
		}
		name := "1 origin \nrequest "
		if s.Requests != 1 {
			name = fmt.Sprintf("%d origin \nrequests ", s.Requests)
		}
		// To the left of it: the last has no room to its right.
		label, err := plotter.NewLabels(plotter.XYLabels{
			XYs:    plotter.XYs{{X: s.From, Y: slowest}},
			Labels: []string{name},
		})
		if err != nil {
			return err
		}
		label.TextStyle[0].XAlign = text.XRight
		label.TextStyle[0].YAlign = text.YTop
		label.TextStyle[0].Font.Size = textSize
		drawn.Add(area, label)
	}
	return nil
}

// band is what the hits of one step took, at least and at most.
type band struct{ low, high float64 }

// hits returns the bands by step. A step without any is not there.
func (p panel) hits() map[int]band {
	found := map[int]band{}
	for _, w := range p.Waits {
		if w.Took > noticeable {
			continue
		}
		took := math.Max(w.Took, fastest)
		at := int(w.At / step)
		b, ok := found[at]
		if !ok {
			b = band{took, took}
		}
		found[at] = band{math.Min(b.low, took), math.Max(b.high, took)}
	}
	return found
}

// addHits draws the steps as one band, which ends where nobody had a hit. Dots
// would make the file a hundred times as large.
func (p panel) addHits(drawn *plot.Plot) error {
	found := p.hits()
	steps := slices.Sorted(maps.Keys(found))
	for from := 0; from < len(steps); {
		to := from + 1
		for to < len(steps) && steps[to] == steps[to-1]+1 {
			to++
		}
		if err := addBand(drawn, steps[from:to], found); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// addBand draws steps that follow each other.
func addBand(drawn *plot.Plot, steps []int, found map[int]band) error {
	var above, below plotter.XYs
	for _, at := range steps {
		for _, x := range []float64{float64(at) * step, float64(at+1) * step} {
			above = append(above, plotter.XY{X: x, Y: found[at].high})
			below = append(below, plotter.XY{X: x, Y: found[at].low})
		}
	}
	slices.Reverse(below)
	area, err := filled(append(above, below...), hitColor)
	if err != nil {
		return err
	}
	drawn.Add(area)
	return nil
}

// addWaits draws a dot for each request that waited.
func (p panel) addWaits(drawn *plot.Plot) error {
	var dots plotter.XYs
	for _, w := range p.Waits {
		if w.Took > noticeable {
			dots = append(dots, plotter.XY{X: w.At, Y: w.Took})
		}
	}
	if len(dots) == 0 {
		return nil
	}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: waitColor, Radius: 1.3, Shape: draw.CircleGlyph{}}
	drawn.Add(scatter)
	return nil
}

// filled is an area without an outline.
func filled(corners plotter.XYs, c color.Color) (*plotter.Polygon, error) {
	area, err := plotter.NewPolygon(corners)
	if err != nil {
		return nil, err
	}
	area.Color = c
	area.Width = 0
	return area, nil
}
