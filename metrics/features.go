package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/warmstart-ml/warmstart/imageio"
)

// Features are what a network makes of pictures, as FID and KID compare them.
type Features struct {
	// Extractor is the network's name. Numbers made with different networks have nothing to do with each other: name it beside them.
	Extractor string
	Dim       int       // values of a picture
	Values    []float64 // [n, Dim]
}

// Len returns the number of pictures.
func (f *Features) Len() int { return len(f.Values) / max(f.Dim, 1) }

// row returns the values of picture i.
func (f *Features) row(i int) []float64 { return f.Values[i*f.Dim:][:f.Dim] }

// Extractor is a network that makes features of pictures.
type Extractor interface {
	// Name identifies the network and its weights, for people.
	Name() string
	// Features returns those of all pictures, of any size. If ctx is cancelled, the error is its own.
	Features(ctx context.Context, pictures []*imageio.Image) (*Features, error)
}

// Comparison says how far two sets of pictures are from each other, by what, and from how many pictures.
type Comparison struct {
	Extractor string    `json:"extractor"`
	Pictures  [2]int    `json:"pictures"` // of each set
	FID       float64   `json:"fid"`
	KID       KIDResult `json:"kid"`
}

// Compare returns FID and KID of two sets.
func Compare(a, b *Features, o KIDOptions) (c Comparison, err error) {
	c = Comparison{Extractor: a.Extractor, Pictures: [2]int{a.Len(), b.Len()}}
	if c.FID, err = FID(a, b); err != nil {
		return Comparison{}, err
	}
	if c.KID, err = KID(a, b, o); err != nil {
		return Comparison{}, err
	}
	return c, nil
}

// ErrTooFew is wrapped by the errors of metrics that need more pictures.
var ErrTooFew = errors.New("too few pictures")

// checkSets returns an error unless both sets are whole, finite, of the same network and of at least least pictures.
func checkSets(metric string, a, b *Features, least int) error {
	if a.Extractor != b.Extractor || a.Dim != b.Dim {
		return fmt.Errorf("%s: one set has %d features of %s, the other %d of %s: take both from one network",
			metric, a.Dim, a.Extractor, b.Dim, b.Extractor)
	}
	for i, f := range []*Features{a, b} {
		set := [...]string{"first", "second"}[i]
		switch {
		case f.Dim < 1 || len(f.Values)%f.Dim != 0:
			return fmt.Errorf("%s: %d values in the %s set are no rows of %d", metric, len(f.Values), set, f.Dim)
		case f.Len() < least:
			return fmt.Errorf("%s: %w: %d in the %s set, at least %d are needed", metric, ErrTooFew, f.Len(), set, least)
		}
		for j, v := range f.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s: feature %d of picture %d of the %s set is %v", metric, j%f.Dim, j/f.Dim, set, v)
			}
		}
	}
	return nil
}
