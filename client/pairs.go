package client

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/warmstart-ml/warmstart/imageio"
	"github.com/warmstart-ml/warmstart/server/api"
)

// Pairs lists the sets of pairs that the server has, the newest first.
func (c *Client) Pairs(ctx context.Context) ([]api.Pairs, error) {
	var list api.PairsList
	return list.Pairs, c.call(ctx, http.MethodGet, "/v1/pairs", nil, &list)
}

// RemovePairs deletes a set of pairs.
func (c *Client) RemovePairs(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/pairs/"+url.PathEscape(id), nil, nil)
}

// UploadPairs brings the pictures in a folder, in one of the layouts of package pairs.
func (c *Client) UploadPairs(ctx context.Context, name string, dir fs.FS) (p api.Pairs, err error) {
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := pack(w, dir)
		w.CloseWithError(err)
		packed <- err
	}()
	q := url.Values{"name": {name}}
	answer, err := c.once(ctx, http.MethodPost, "/v1/pairs?"+q.Encode(), r, "application/zip")
	r.Close() // ends packing if the server has answered before it was over
	if errPack := <-packed; errPack != nil && !errors.Is(errPack, io.ErrClosedPipe) {
		if answer != nil {
			answer.Body.Close()
		}
		return p, fmt.Errorf("pack the pairs: %w", errPack)
	}
	if err != nil {
		return p, err
	}
	defer answer.Body.Close()
	return p, decode(answer, &p)
}

// pack writes the pictures in a folder as a zip file, without shrinking them further.
func pack(w io.Writer, dir fs.FS) error {
	z := zip.NewWriter(w)
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), ".") || !imageio.IsPicture(d.Name()):
			return nil
		}
		f, err := dir.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		entry, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err != nil {
			return err
		}
		_, err = io.Copy(entry, f)
		return err
	})
	if err != nil {
		return err
	}
	return z.Close()
}
