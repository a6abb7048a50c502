package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
)

// outFile tells whether weights alone are wanted, in a file.
func (c tuneCmd) outFile() bool { return strings.HasSuffix(c.Out, ".safetensors") }

// weightsPath is where the weights go: an adapter, or all weights.
func (c tuneCmd) weightsPath(adapter bool) string {
	switch {
	case c.outFile():
		return c.Out
	case adapter:
		return filepath.Join(c.Out, adapterFile)
	}
	return filepath.Join(c.Out, gan.WeightsFile)
}

// claim makes sure that the result can be written, before the training that it comes from. It makes the folder, and giveBack removes that
// again if it is new and nothing was put there.
func (c tuneCmd) claim(adapter bool) (giveBack func(), err error) {
	if err := c.checkOut(adapter); err != nil {
		return nil, err
	}
	path := c.weightsPath(adapter)
	dir := filepath.Dir(path)
	if exists(dir) {
		return func() {}, ready(path)
	}
	return func() { os.Remove(dir) }, ready(path) // which fails where it holds something
}

// checkOut refuses a folder where the result would lie beside another network, which apply would take for it.
func (c tuneCmd) checkOut(adapter bool) error {
	other := adapterFile
	if adapter {
		other = gan.WeightsFile
	}
	switch {
	case c.outFile() && isFolder(c.Out):
		return fmt.Errorf("-o %s is a folder: name one without .safetensors, or a file", c.Out)
	case checkpoint.Exists(c.Out):
		return fmt.Errorf("-o %s holds a run of warmstart train: choose another folder", c.Out)
	case exists(filepath.Join(c.Out, other)):
		return fmt.Errorf("-o %s holds %s, which this training would not replace: choose another folder", c.Out, other)
	}
	return nil
}
