package scene

import (
	"math"
	"testing"
)

func TestFillCoverage(t *testing.T) {
	tests := []struct {
		name string
		poly []pt
		want float64 // share of the 4x4 canvas
	}{
		{"all", rect(0, 0, 1, 1), 1},
		{"half a pixel wide", rect(0.25, 0, 0.375, 1), 0.125},
		{"past every edge", rect(-3, -3, 3, 3), 1},
		{"triangle", []pt{{0, 0}, {1, 1}, {0, 1}}, 0.5},
		{"outside", rect(2, 2, 3, 3), 0},
		{"no polygon", nil, 0},
		{"left of the picture", rect(-2, 0, 0.5, 1), 0.5},
		{"very far", []pt{{-1e4, 0.5}, {1e4, 0.5}, {1e4, 1e4}, {-1e4, 1e4}}, 0.5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCanvas(4, 4)
			c.fill(tt.poly, House, 60, flat(rgb{1, 0, 0}))
			var got, red float64
			for i := range 16 {
				red += float64(c.pix[3*i]) / 16
				if m := c.masks[House]; m != nil {
					got += float64(m[i]) / 16
				}
			}
			if math.Abs(got-tt.want) > 0.01 || math.Abs(red-tt.want) > 0.01 {
				t.Errorf("mask %v, colour %v, want %v", got, red, tt.want)
			}
		})
	}
}

func TestKeepLeavesMasks(t *testing.T) {
	c := newCanvas(3, 3)
	c.fill(rect(0, 0, 1, 1), keep, 5, flat(rgb{0.5, 0.5, 0.5}))
	if c.masks[Sky][4] != 1 || c.depth[4] != 1 || c.pix[12] != 0.5 {
		t.Errorf("sky %v, depth %v, colour %v; want 1, 1, 0.5", c.masks[Sky][4], c.depth[4], c.pix[12])
	}
}

func TestNoise(t *testing.T) {
	var sum, lo, hi float64
	const n = 4000
	for i := range n {
		x, y := float64(i)*0.37-500, float64(i)*0.73-900
		v := noise(x, y, 7)
		sum, lo, hi = sum+v, min(lo, v), max(hi, v)
	}
	if lo < -1.2 || hi > 1.2 || hi < 0.6 || lo > -0.6 || math.Abs(sum/n) > 0.05 {
		t.Errorf("range [%v,%v], mean %v", lo, hi, sum/n)
	}
	if a, b := noise(2.9999999, 1.5, 7), noise(3.0000001, 1.5, 7); math.Abs(a-b) > 1e-5 {
		t.Errorf("noise jumps across a cell: %v, %v", a, b)
	}
	if v := fbm(1.3, 2.7, 0.6, 5, 7); v != 0 {
		t.Errorf("fbm finer than the pixels is %v, want 0", v)
	}
}

func TestHueShift(t *testing.T) {
	c := rgb{0.7, 0.4, 0.3}
	turned := hueShift(1.0 / 3)(c)
	for i, want := range []float64{0.3, 0.7, 0.4} {
		if math.Abs(turned[i]-want) > 1e-9 {
			t.Errorf("a third of a turn makes %v of %v", turned, c)
		}
	}
}
