package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
)

// plan lists the pictures, each once, and where their results go.
func (c applyCmd) plan() ([]applyJob, error) {
	inputs, err := c.inputs()
	if err != nil {
		return nil, err
	}
	if c.Out == stdio || isPictureFile(c.Out) {
		if len(inputs) > 1 {
			return nil, fmt.Errorf("-o %s is one picture, but there are %d to be made: name a folder", c.Out, len(inputs))
		}
		return []applyJob{{inputs[0], c.Out}}, c.keep(inputs, c.Out)
	}
	var jobs []applyJob
	taken := map[string]bool{}
	for _, in := range inputs {
		out := filepath.Join(c.Out, resultName(in, taken))
		jobs = append(jobs, applyJob{in, out})
	}
	outs := make([]string, len(jobs))
	for i, j := range jobs {
		outs[i] = j.out
	}
	return jobs, c.keep(inputs, outs...)
}

// unwritable tells whether -o names a picture of a kind that is not written, where a folder of that name is hardly meant.
func unwritable(path string) bool {
	other := []string{".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".heic", ".heif", ".jxl", ".jp2"}
	return slices.Contains(other, strings.ToLower(filepath.Ext(path))) && !isFolder(path)
}

// isPictureFile tells whether -o names a file rather than a folder.
func isPictureFile(path string) bool {
	return imageio.IsPicture(path) && !isFolder(path)
}

// resultName returns NAME.png for a picture NAME.jpg. Where several have one name, the second is NAME-2.png and so on; names that differ in case
// only are one on many systems.
func resultName(in string, taken map[string]bool) string {
	name := "stdin"
	if in != stdio {
		name = strings.TrimSuffix(filepath.Base(in), filepath.Ext(in))
	}
	result := name + ".png"
	for n := 2; taken[strings.ToLower(result)]; n++ {
		result = name + "-" + strconv.Itoa(n) + ".png"
	}
	taken[strings.ToLower(result)] = true
	return result
}

// keep refuses results that would overwrite a picture to be read.
func (c applyCmd) keep(inputs []string, outs ...string) error {
	read := map[string]string{}
	for _, in := range inputs {
		read[realPath(in)] = in
	}
	for _, out := range outs {
		if in, ok := read[realPath(out)]; ok && in != stdio {
			return fmt.Errorf("%s would be overwritten: choose another place for the results", in)
		}
	}
	return nil
}

// realPath returns the one name of a file that is there, and any name of another.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// inputs lists the pictures that the command line names, each once.
func (c applyCmd) inputs() ([]string, error) {
	var inputs []string
	seen := map[string]bool{}
	for _, arg := range c.Pictures {
		files, err := picturesAt(arg)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if real := realPath(file); file == stdio || !seen[real] {
				inputs = append(inputs, file)
				seen[real] = true
			}
		}
	}
	if n := countOf(inputs, stdio); n > 1 {
		return nil, fmt.Errorf("- stands for one picture on standard input, but is given %d times", n)
	}
	return inputs, nil
}

func countOf(list []string, s string) (n int) {
	for _, v := range list {
		if v == s {
			n++
		}
	}
	return n
}

// picturesAt returns a file as it is, the pictures in a folder, or those that a pattern matches, which shells of Windows leave to programs.
func picturesAt(arg string) ([]string, error) {
	if arg == stdio {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && !info.IsDir():
		return []string{arg}, nil
	case err == nil:
		items, err := os.ReadDir(arg)
		if err != nil {
			return nil, err
		}
		var files []string
		for _, item := range items {
			if !item.IsDir() {
				files = append(files, filepath.Join(arg, item.Name()))
			}
		}
		return picturesOf(files, arg+" holds")
	case strings.ContainsAny(arg, "*?["):
		files, err := filepath.Glob(arg)
		if err != nil {
			return nil, fmt.Errorf("pattern %s: %w", arg, err)
		}
		return picturesOf(files, arg+" matches")
	}
	return nil, err
}

// picturesOf drops what is hidden or not named as a picture.
func picturesOf(files []string, source string) ([]string, error) {
	var pictures []string
	for _, file := range files {
		if imageio.IsPicture(file) && !strings.HasPrefix(filepath.Base(file), ".") {
			pictures = append(pictures, file)
		}
	}
	if len(pictures) == 0 {
		return nil, fmt.Errorf("%s no PNG, JPEG or WebP pictures", source)
	}
	return pictures, nil
}
