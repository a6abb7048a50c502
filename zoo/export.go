package zoo

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/warmstart-ml/warmstart/concept"
	"github.com/warmstart-ml/warmstart/internal/atomicfile"
	"github.com/warmstart-ml/warmstart/safetensors"
)

// exportFormat is the format in the metadata of exported zoos.
const exportFormat = "warmstart/zoo-export"

// exportLine is a line beside an exported zoo, of the row of "adapters" with the same number.
type exportLine struct {
	Entry
	File       string   `json:"file,omitempty"` // hides Entry's, which means nothing elsewhere
	Phrasings  []string `json:"phrasings"`      // to train on
	Parts      []string `json:"parts"`
	NeedsMasks bool     `json:"needs_masks"`
}

// exportTensor tells what an adapter's values are.
type exportTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Start int    `json:"start"` // of its values within an adapter's
}

// LinesFile returns the name of the JSON lines that Export writes beside the tensors' file.
func LinesFile(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".jsonl" }

// Export writes the zoo for other programs: a safetensors file with
//
//	adapters [n, values]   the values of all tensors of an adapter, one after the other
//	blocks   [count, 2]    where each block's values start and end among those of an adapter, as I64
//	mask     [count, size] 1 for values of a block and 0 for its padding, as U8
//	mean     [count, size] what is subtracted from blocks
//	scale    [count]       and then divided by, to normalise them
//
// and LinesFile beside it, with a JSON object for every adapter: concept, prompt, wordings, and how good it is.
func (z *Zoo) Export(path string, size int) error {
	if LinesFile(path) == path {
		return fmt.Errorf("export to %s: the name is needed for the JSON lines; name a file that ends in .safetensors", path)
	}
	if len(z.Adapters) == 0 {
		return fmt.Errorf("export to %s: the zoo has no adapters", path)
	}
	c, err := z.Code(size)
	if err != nil {
		return err
	}
	lines := make([]exportLine, len(z.Entries))
	for i, e := range z.Entries {
		k, err := concept.Find(e.ID)
		if err != nil {
			return err
		}
		lines[i] = exportLine{Entry: e, Phrasings: k.Phrasings(), Parts: k.Parts(), NeedsMasks: k.NeedsMasks}
	}
	metadata, err := z.exportMetadata(c)
	if err != nil {
		return err
	}
	file := &safetensors.File{Metadata: metadata, Tensors: z.exportTensors(c)}
	if err := atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, file) }); err != nil {
		return err
	}
	return writeLines(LinesFile(path), lines)
}

func (z *Zoo) exportTensors(c *Code) []safetensors.Tensor {
	b := c.Blocks
	values := z.Base.Layout.Params.Size()
	adapters := make([]float32, 0, len(z.Adapters)*values)
	for _, a := range z.Adapters {
		for _, tensor := range a {
			adapters = append(adapters, tensor...)
		}
	}
	var spans []byte
	for _, s := range b.Spans() {
		spans = binary.LittleEndian.AppendUint64(spans, uint64(s[0]))
		spans = binary.LittleEndian.AppendUint64(spans, uint64(s[1]))
	}
	mask := make([]byte, b.count*b.size)
	for i, used := range b.Mask() {
		if used {
			mask[i] = 1
		}
	}
	return []safetensors.Tensor{
		safetensors.Float32("adapters", []int{len(z.Adapters), values}, adapters),
		{Name: "blocks", Shape: []int{b.count, 2}, DType: "I64", Raw: spans},
		{Name: "mask", Shape: []int{b.count, b.size}, DType: "U8", Raw: mask},
		safetensors.Float32(meanTensor, []int{b.count, b.size}, c.Mean),
		safetensors.Float32(scaleTensor, []int{b.count}, c.Scale),
	}
}

func (z *Zoo) exportMetadata(c *Code) (map[string]string, error) {
	var tensors []exportTensor
	start := 0
	for _, p := range c.Blocks.params {
		tensors = append(tensors, exportTensor{p.Name, p.Dims, start})
		start += p.Size()
	}
	text, err := json.Marshal(tensors)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"format": exportFormat, "version": "1", "base": z.Base.Hash, "schema": c.Schema(), "tensors": string(text),
	}, nil
}
