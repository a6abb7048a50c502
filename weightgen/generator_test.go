package weightgen

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"github.com/warmstart-ml/warmstart/internal/cputest"
)

// full is a backend with room for a number of uploaded buffers; open counts those that are not closed.
type full struct {
	compute.Backend
	room, open int
}

var errFull = errors.New("no room")

func (f *full) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	if f.open == f.room {
		return nil, errFull
	}
	b, err := f.Backend.BufferFromFlatData(device, flat, shape)
	f.open++
	return &upload{b, f}, err
}

type upload struct {
	compute.Buffer
	to *full
}

func (u *upload) Finalize() error {
	u.to.open--
	return u.Buffer.Finalize()
}

func TestGeneratorThatDoesNotFit(t *testing.T) {
	backend := cputest.New(t, "threads=2")
	data, _ := syntheticZoo(3, 64)
	tr, err := NewTrainer(backend, shortConfig(NetworkDiT), data)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	w, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	f := &full{Backend: backend, room: 3}
	_, err = NewGenerator(f, w, data.Layout, data.Mask)
	if name := w.Model.Params.List()[f.room].Name; !errors.Is(err, errFull) || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v, wanted one that names %s", err, name)
	}
	if f.open != 0 {
		t.Errorf("%d buffers are left open", f.open)
	}
}
