package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/gan"
	"github.com/warmstart-ml/warmstart/internal/checkpoint"
	"github.com/warmstart-ml/warmstart/tune"
)

// outFile tells whether weights alone are wanted, in a file.
func (c tuneCmd) outFile() bool { return strings.HasSuffix(c.Out, weightsExt) }

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

// worthless tells, with what to do about it, why what a training that was cut short has left is not to be written to path: it is no better than
// the start, or an earlier result is there. It is nil otherwise.
func worthless(path string, r *tune.Result, ended error) error {
	interrupted, none := errors.Is(ended, context.Canceled), r.Generator.Step == 0
	const lower = "use a lower --lr, or --all-lr if all weights were being trained"
	switch {
	case ended == nil:
		return nil
	case interrupted && none && exists(path):
		return hinted{ended, fmt.Sprintf("nothing is better than the start yet: %s is as it was", path)}
	case interrupted:
		return nil
	case exists(path):
		return hinted{ended, fmt.Sprintf("%s is as it was; %s", path, lower)}
	case none:
		return hinted{ended, "nothing was written; " + lower}
	}
	return nil
}
