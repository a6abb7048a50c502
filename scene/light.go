package scene

import (
	"math"
	"math/rand/v2"
)

// light is the sky and what it sheds on things.
type light struct {
	hour, weather         string
	zenith, middle, low   rgb // of the sky, from the top to the horizon
	direct, ambient, haze rgb
	disc, glow            rgb        // the sun or moon and the sky around it
	glowing               float64    // strength of the glow
	dir                   [3]float64 // towards the source: right, up, away from the eye; unit length
	source                pt
	moon, lit             bool    // lit: windows and lamps shine
	visibility            float64 // metres at which haze has taken 63 %
}

// hours are the palettes of the day with how often they are drawn. height is the range of the
// source's height above the horizon in units of the picture.
var hours = []struct {
	name                string
	share               float64
	height              [2]float64
	zenith, middle, low rgb
	direct, ambient     rgb
	disc, glow          rgb
	glowing             float64
}{
	{"day", 38, [2]float64{0.28, 0.5}, rgb{.20, .46, .82}, rgb{.44, .68, .93}, rgb{.78, .89, .96},
		rgb{.62, .58, .50}, rgb{.48, .52, .60}, rgb{1, .99, .90}, rgb{1, .97, .85}, .35},
	{"morning", 12, [2]float64{0.18, 0.32}, rgb{.34, .58, .86}, rgb{.62, .79, .92}, rgb{.97, .92, .82},
		rgb{.64, .55, .42}, rgb{.46, .50, .58}, rgb{1, .97, .82}, rgb{1, .92, .72}, .5},
	{"golden", 15, [2]float64{0.10, 0.22}, rgb{.33, .50, .74}, rgb{.76, .74, .70}, rgb{1, .82, .54},
		rgb{.78, .52, .26}, rgb{.42, .40, .46}, rgb{1, .95, .72}, rgb{1, .80, .42}, .8},
	{"sunset", 12, [2]float64{0.02, 0.12}, rgb{.19, .22, .46}, rgb{.74, .42, .47}, rgb{1, .63, .32},
		rgb{.76, .42, .24}, rgb{.44, .38, .47}, rgb{1, .84, .50}, rgb{1, .55, .22}, .9},
	{"dawn", 9, [2]float64{0.03, 0.14}, rgb{.40, .50, .74}, rgb{.83, .70, .78}, rgb{1, .83, .73},
		rgb{.58, .44, .38}, rgb{.46, .44, .54}, rgb{1, .92, .80}, rgb{1, .78, .64}, .7},
	{"dusk", 6, [2]float64{-0.1, -0.02}, rgb{.09, .14, .34}, rgb{.29, .32, .55}, rgb{.82, .57, .50},
		rgb{.26, .22, .25}, rgb{.34, .34, .48}, rgb{1, .7, .5}, rgb{.95, .50, .35}, .5},
	{"night", 8, [2]float64{0.2, 0.42}, rgb{.02, .04, .13}, rgb{.06, .10, .24}, rgb{.15, .22, .37},
		rgb{.22, .27, .38}, rgb{.19, .24, .38}, rgb{.96, .95, .88}, rgb{.55, .65, .85}, .45},
}

// weathers say how much the sun is taken away and how far one sees.
var weathers = []struct {
	name             string
	share, grey, far float64
}{
	{"clear", 30, 0, 2600}, {"fair", 42, 0.06, 2000}, {"cloudy", 18, 0.25, 1300}, {"overcast", 10, 0.62, 700},
}

// newLight draws the hour, the weather and the place of the sun or moon over a horizon at height hor
// of a picture w units wide.
func newLight(r *rand.Rand, w, hor float64) *light {
	h := hours[pick(r, len(hours), func(i int) float64 { return hours[i].share })]
	v := weathers[pick(r, len(weathers), func(i int) float64 { return weathers[i].share })]
	if h.name == "night" && v.name == "overcast" {
		v = weathers[0] // else there would be nothing to see
	}
	l := &light{
		hour: h.name, weather: v.name, zenith: h.zenith, middle: h.middle, low: h.low,
		direct: h.direct, ambient: h.ambient, disc: h.disc, glow: h.glow, glowing: h.glowing,
		moon: h.name == "night", lit: h.name == "night" || h.name == "dusk", visibility: v.far * between(r, 0.7, 1.3),
	}
	l.overcast(v.grey)
	shift := hueShift(between(r, -0.035, 0.025))
	for _, c := range []*rgb{&l.zenith, &l.middle, &l.low, &l.glow} {
		*c = shift(*c)
	}
	l.haze = l.low.mix(l.middle, 0.45)
	l.place(r, w, hor, between(r, h.height[0], h.height[1]))
	return l
}

// place puts the source in front of the eye, in the picture, or behind it.
func (l *light) place(r *rand.Rand, w, hor, height float64) {
	low := l.hour == "sunset" || l.hour == "dawn" || l.moon
	if front := r.Float64() < 0.35 || low; front {
		l.source = pt{w * between(r, 0.12, 0.88), hor - min(height, hor*0.85)}
		l.dir = [3]float64{(l.source.x - w/2) * 1.2, 0.35 + height, 0.45}
	} else {
		side := between(r, 0.5, 1)
		if r.IntN(2) == 0 {
			side = -side
		}
		l.source = pt{w/2 + side*2*w, hor - height}
		l.dir = [3]float64{side, 0.3 + height*1.2, -0.55}
	}
	n := math.Sqrt(l.dir[0]*l.dir[0] + l.dir[1]*l.dir[1] + l.dir[2]*l.dir[2])
	for i := range l.dir {
		l.dir[i] /= n
	}
}

// overcast greys the sky and takes direct light away by k, 0 to 1.
func (l *light) overcast(k float64) {
	for _, c := range []*rgb{&l.zenith, &l.middle, &l.low, &l.glow} {
		y := 0.3*c[0] + 0.55*c[1] + 0.15*c[2]
		*c = c.mix(rgb{y, y * 1.01, y * 1.04}, k)
	}
	l.ambient = l.ambient.add(l.direct.scale(0.45 * k))
	l.direct = l.direct.scale(1 - k)
	l.glowing *= 1 - k
}

// tone is a surface of colour base at z metres that gets the share k (0 to 1) of direct light.
func (l *light) tone(base rgb, k, z float64) rgb {
	c := base.mul(l.ambient.add(l.direct.scale(k)))
	return c.mix(l.haze, 1-math.Exp(-z/l.visibility))
}

// facing is the share of direct light on a surface with the given unit normal; it wraps softly
// around the edge of the shadow.
func (l *light) facing(nx, ny, nz float64) float64 {
	return clamp(0.25+0.85*(nx*l.dir[0]+ny*l.dir[1]+nz*l.dir[2]), 0, 1)
}

// hueShift turns colours around the grey axis by an angle in turns.
func hueShift(turns float64) func(rgb) rgb {
	s, c := math.Sincos(2 * math.Pi * turns)
	a, b, d := c+(1-c)/3, (1-c)/3-s/math.Sqrt(3), (1-c)/3+s/math.Sqrt(3)
	return func(v rgb) rgb {
		return rgb{
			clamp(a*v[0]+b*v[1]+d*v[2], 0, 1),
			clamp(d*v[0]+a*v[1]+b*v[2], 0, 1),
			clamp(b*v[0]+d*v[1]+a*v[2], 0, 1),
		}
	}
}

// between draws a number in [a,b).
func between(r *rand.Rand, a, b float64) float64 { return a + (b-a)*r.Float64() }

// oneOf draws an element.
func oneOf[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// pick draws an index below n with probability in proportion to its share.
func pick(r *rand.Rand, n int, share func(int) float64) int {
	var sum float64
	for i := range n {
		sum += share(i)
	}
	x := r.Float64() * sum
	for i := range n - 1 {
		if x -= share(i); x < 0 {
			return i
		}
	}
	return n - 1
}
