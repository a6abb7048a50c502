package teacher

import "math"

// rgb is one colour in sRGB encoding. Edits may leave [0,1] on the way; a chain clamps after every edit.
type rgb [3]float32

func hex(v uint32) rgb {
	return rgb{float32(v>>16&255) / 255, float32(v>>8&255) / 255, float32(v&255) / 255}
}

func grey(v float32) rgb { return rgb{v, v, v} }

func (a rgb) add(b rgb) rgb       { return rgb{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }
func (a rgb) mul(b rgb) rgb       { return rgb{a[0] * b[0], a[1] * b[1], a[2] * b[2]} }
func (a rgb) scale(k float32) rgb { return rgb{a[0] * k, a[1] * k, a[2] * k} }
func (a rgb) mix(b rgb, t float32) rgb {
	return rgb{mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)}
}

// each maps the three channels with f.
func (a rgb) each(f func(float32) float32) rgb { return rgb{f(a[0]), f(a[1]), f(a[2])} }

// clamp limits every channel to [0,1].
func (a rgb) clamp() rgb { return a.each(clamp01) }

// luma is the Rec. 601 weighting of the encoded channels: perceived lightness, near enough for edits.
func (a rgb) luma() float32 { return 0.299*a[0] + 0.587*a[1] + 0.114*a[2] }

// saturate scales the distance from grey: 0 gives grey, 1 the same colour.
func (a rgb) saturate(k float32) rgb { return grey(a.luma()).mix(a, k) }

// screen is the photographic double exposure: never darker than either.
func (a rgb) screen(b rgb) rgb {
	return rgb{1 - (1-a[0])*(1-b[0]), 1 - (1-a[1])*(1-b[1]), 1 - (1-a[2])*(1-b[2])}
}

// overlay multiplies the shadows and screens the lights of a by b; b = 0.5 changes nothing.
func (a rgb) overlay(b rgb) rgb {
	var out rgb
	for i, v := range a {
		if v < 0.5 {
			out[i] = 2 * v * b[i]
		} else {
			out[i] = 1 - 2*(1-v)*(1-b[i])
		}
	}
	return out
}

// contrast stretches around mid-grey: k = 1 changes nothing.
func (a rgb) contrast(k float32) rgb {
	return a.each(func(v float32) float32 { return (v-0.5)*k + 0.5 })
}

// dist2 is the squared distance of two colours.
func (a rgb) dist2(b rgb) float32 {
	d0, d1, d2 := a[0]-b[0], a[1]-b[1], a[2]-b[2]
	return d0*d0 + d1*d1 + d2*d2
}

func mix(a, b, t float32) float32 { return a + (b-a)*t }

func clamp01(v float32) float32 { return max(0, min(1, v)) }

// smoothstep rises from 0 at lo to 1 at hi with flat ends; lo > hi gives a falling step.
func smoothstep(lo, hi, v float32) float32 {
	t := clamp01((v - lo) / (hi - lo))
	return t * t * (3 - 2*t)
}

func pow(v, e float32) float32   { return float32(math.Pow(float64(max(v, 0)), float64(e))) }
func sqrt(v float32) float32     { return float32(math.Sqrt(float64(v))) }
func exp(v float32) float32      { return float32(math.Exp(float64(v))) }
func sin(v float32) float32      { return float32(math.Sin(float64(v))) }
func cos(v float32) float32      { return float32(math.Cos(float64(v))) }
func atan2(y, x float32) float32 { return float32(math.Atan2(float64(y), float64(x))) }
func hypot(x, y float32) float32 { return sqrt(x*x + y*y) }
func floor(v float32) int        { return int(math.Floor(float64(v))) }
func abs(v float32) float32      { return max(v, -v) }

// radians converts an angle given in degrees.
func radians(degrees float32) float32 { return degrees * math.Pi / 180 }

// toLinear decodes sRGB (IEC 61966-2-1) to linear light, fromLinear encodes it.
func toLinear(v float32) float32 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return pow((v+0.055)/1.055, 2.4)
}

func fromLinear(v float32) float32 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*pow(v, 1/2.4) - 0.055
}

// oklab converts to Björn Ottosson's OKLab (2020): lightness, green-red, blue-yellow.
func (a rgb) oklab() (l, m, s float32) {
	r, g, b := toLinear(a[0]), toLinear(a[1]), toLinear(a[2])
	lc := cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	mc := cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	sc := cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	return 0.2104542553*lc + 0.7936177850*mc - 0.0040720468*sc,
		1.9779984951*lc - 2.4285922050*mc + 0.4505937099*sc,
		0.0259040371*lc + 0.7827717662*mc - 0.8086757660*sc
}

func fromOKLab(l, a, b float32) rgb {
	cube := func(v float32) float32 { return v * v * v }
	lc := cube(l + 0.3963377774*a + 0.2158037573*b)
	mc := cube(l - 0.1055613458*a - 0.0638541728*b)
	sc := cube(l - 0.0894841775*a - 1.2914855480*b)
	return rgb{
		fromLinear(4.0767416621*lc - 3.3077115913*mc + 0.2309699292*sc),
		fromLinear(-1.2684380046*lc + 2.6097574011*mc - 0.3413193965*sc),
		fromLinear(-0.0041960863*lc - 0.7034186147*mc + 1.7076147010*sc),
	}
}

func cbrt(v float32) float32 { return float32(math.Cbrt(float64(v))) }

// rotate turns the hue by an angle in degrees at constant perceived lightness.
func (a rgb) rotate(degrees float32) rgb {
	l, x, y := a.oklab()
	s, c := sin(radians(degrees)), cos(radians(degrees))
	return fromOKLab(l, x*c-y*s, x*s+y*c)
}

// hsv returns hue in degrees [0,360), saturation and value in [0,1].
func (a rgb) hsv() (h, s, v float32) {
	v = max(a[0], a[1], a[2])
	d := v - min(a[0], a[1], a[2])
	if d <= 0 {
		return 0, 0, v
	}
	switch v {
	case a[0]:
		h = (a[1] - a[2]) / d
	case a[1]:
		h = (a[2]-a[0])/d + 2
	default:
		h = (a[0]-a[1])/d + 4
	}
	if h < 0 {
		h += 6
	}
	return 60 * h, d / v, v
}

func fromHSV(h, s, v float32) rgb {
	channel := func(n float32) float32 {
		k := float32(math.Mod(float64(n+h/60), 6))
		return v - v*s*max(0, min(k, 4-k, 1))
	}
	return rgb{channel(5), channel(3), channel(1)}
}

// ramp is a gradient of evenly spaced colours over [0,1].
type ramp []rgb

func (r ramp) at(t float32) rgb {
	t = clamp01(t) * float32(len(r)-1)
	i := min(int(t), len(r)-2)
	return r[i].mix(r[i+1], t-float32(i))
}

// nearest returns the palette colour closest to c.
func nearest(palette []rgb, c rgb) rgb {
	best := palette[0]
	for _, p := range palette[1:] {
		if p.dist2(c) < best.dist2(c) {
			best = p
		}
	}
	return best
}

// namedColour is a colour that users choose by name.
type namedColour struct {
	name string
	rgb  rgb
}

func namedColours() []namedColour {
	return []namedColour{
		{"red", hex(0xd8302f)}, {"orange", hex(0xf08a24)}, {"amber", hex(0xf5b83d)}, {"gold", hex(0xd4a72c)},
		{"yellow", hex(0xf2dc3d)}, {"lime", hex(0x9fd036)}, {"green", hex(0x3f9b45)}, {"teal", hex(0x1f8a8a)},
		{"cyan", hex(0x35c4dd)}, {"azure", hex(0x3f8fe8)}, {"blue", hex(0x2f50c8)}, {"navy", hex(0x1b2a5c)},
		{"indigo", hex(0x4b3aa8)}, {"violet", hex(0x8048c0)}, {"purple", hex(0x7a2f8f)}, {"magenta", hex(0xd035a8)},
		{"pink", hex(0xf08db4)}, {"rose", hex(0xd95d7e)}, {"coral", hex(0xf47a62)}, {"brown", hex(0x7d5133)},
		{"cream", hex(0xf6ecd2)}, {"white", hex(0xffffff)}, {"grey", hex(0x8a8a8a)}, {"black", hex(0x101014)},
		{"crimson", hex(0xb8193d)}, {"scarlet", hex(0xe03a1c)}, {"maroon", hex(0x7a1f2b)}, {"salmon", hex(0xf2907a)},
		{"apricot", hex(0xf6b27a)}, {"peach", hex(0xf9c9a4)}, {"mustard", hex(0xc9982a)}, {"olive", hex(0x7f8030)},
		{"khaki", hex(0xbdb26a)}, {"mint", hex(0x9fdcbc)}, {"emerald", hex(0x1fa36b)}, {"jade", hex(0x4a9f80)},
		{"turquoise", hex(0x35c0b4)}, {"sapphire", hex(0x2446a0)}, {"cobalt", hex(0x2a5fc4)}, {"lavender", hex(0xb9a5e0)},
		{"lilac", hex(0xc49fd0)}, {"plum", hex(0x8a4577)}, {"orchid", hex(0xc868c0)}, {"fuchsia", hex(0xe0359a)},
		{"mauve", hex(0xb58aa5)}, {"chocolate", hex(0x5c3a21)}, {"tan", hex(0xc9a474)}, {"beige", hex(0xe3d5b3)},
		// The rest is as CSS has it.
		{"steelblue", hex(0x4682b4)}, {"royalblue", hex(0x4169e1)}, {"midnightblue", hex(0x191970)}, {"dodgerblue", hex(0x1e90ff)},
		{"slateblue", hex(0x6a5acd)}, {"cornflowerblue", hex(0x6495ed)}, {"deepskyblue", hex(0x00bfff)}, {"darkblue", hex(0x00008b)},
		{"mediumblue", hex(0x0000cd)}, {"blueviolet", hex(0x8a2be2)}, {"darkviolet", hex(0x9400d3)}, {"darkorchid", hex(0x9932cc)},
		{"mediumpurple", hex(0x9370db)}, {"hotpink", hex(0xff69b4)}, {"deeppink", hex(0xff1493)}, {"palevioletred", hex(0xdb7093)},
		{"firebrick", hex(0xb22222)}, {"darkred", hex(0x8b0000)}, {"indianred", hex(0xcd5c5c)}, {"tomato", hex(0xff6347)},
		{"orangered", hex(0xff4500)}, {"darkorange", hex(0xff8c00)}, {"sienna", hex(0xa0522d)}, {"peru", hex(0xcd853f)},
		{"saddlebrown", hex(0x8b4513)}, {"goldenrod", hex(0xdaa520)}, {"sandybrown", hex(0xf4a460)}, {"darkkhaki", hex(0xbdb76b)},
		{"olivedrab", hex(0x6b8e23)}, {"yellowgreen", hex(0x9acd32)}, {"chartreuse", hex(0x7fff00)}, {"springgreen", hex(0x00ff7f)},
		{"seagreen", hex(0x2e8b57)}, {"forestgreen", hex(0x228b22)}, {"darkgreen", hex(0x006400)}, {"darkolivegreen", hex(0x556b2f)},
		{"lightseagreen", hex(0x20b2aa)}, {"darkcyan", hex(0x008b8b)}, {"cadetblue", hex(0x5f9ea0)}, {"aquamarine", hex(0x7fffd4)},
		{"powderblue", hex(0xb0e0e6)}, {"thistle", hex(0xd8bfd8)}, {"slategray", hex(0x708090)}, {"wheat", hex(0xf5deb3)},
		{"burlywood", hex(0xdeb887)}, {"lightcoral", hex(0xf08080)}, {"rosybrown", hex(0xbc8f8f)}, {"darkslateblue", hex(0x483d8b)},
		{"darkslategray", hex(0x2f4f4f)}, {"mediumvioletred", hex(0xc71585)}, {"darkmagenta", hex(0x8b008b)},
	}
}

func colourNames() []string {
	var names []string
	for _, c := range namedColours() {
		names = append(names, c.name)
	}
	return names
}

// Colours returns the red, green and blue of all colours that edits take by name, in sRGB from 0 to 1.
func Colours() map[string][3]float32 {
	colours := map[string][3]float32{}
	for _, c := range namedColours() {
		colours[c.name] = c.rgb
	}
	return colours
}
