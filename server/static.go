package server

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	onnxpage "github.com/warmstart-ml/warmstart/onnx/page"
)

// page is the page as it is shipped.
//
//go:embed web
var page embed.FS

// page sends the page's files and, under /ort/, those of onnxruntime-web. How changes are carried over to large pictures it has in common
// with exported pages.
func (s *Server) page(w http.ResponseWriter, r *http.Request, _ query) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return otherMethod([]string{http.MethodGet, http.MethodHead})(w, r, query{})
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	files, err := fs.Sub(page, "web")
	if err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(name, "ort/"); ok {
		if s.ort == nil {
			return fail(http.StatusNotFound, "onnxruntime-web is not installed here: start the server with --ort")
		}
		files, name = s.ort.FS(), rest
	}
	if name == "js/carry.js" {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", contentTypes[".js"])
		http.ServeContent(w, r, name, time.Time{}, strings.NewReader(onnxpage.Carry))
		return nil
	}
	if name == "" {
		name = "index.html"
	}
	info, err := fs.Stat(files, name)
	if err != nil || !info.Mode().IsRegular() {
		return fail(http.StatusNotFound, "there is no page at this address")
	}
	w.Header().Set("Cache-Control", "no-cache")
	if t := contentTypes[path.Ext(name)]; t != "" {
		w.Header().Set("Content-Type", t)
	}
	http.ServeFileFS(w, r, files, name)
	return nil
}

// contentTypes are those that matter: what the system says of them differs.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".json": "application/json",
	".woff2": "font/woff2",
}
