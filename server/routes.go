package server

import (
	"net/http"
	"slices"
	"strings"
)

// handler answers a request, or returns why it can't before it has written anything.
type handler func(w http.ResponseWriter, r *http.Request, q query) error

// route is what can be asked of the server.
type route struct {
	method, path string
	handle       handler
	params       []string // of the query
	open         bool     // needs no token
}

// routes is the whole interface, as the OpenAPI document has it.
func (s *Server) routes() []route {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	return []route{
		{method: get, path: "/healthz", handle: s.health, open: true},
		{method: get, path: "/metrics", handle: s.showMetrics},
		{method: get, path: "/v1/openapi.json", handle: s.document, open: true},
		{method: post, path: "/v1/session", handle: s.signIn, open: true},
		{method: get, path: "/v1/status", handle: s.status},
		{method: get, path: "/v1/suggestions", handle: s.suggestions, params: []string{"q", "n"}},
		{method: get, path: "/v1/samples", handle: s.listSamples},
		{method: get, path: "/v1/samples/{id}", handle: s.sample, params: []string{"side", "format"}},

		{method: get, path: "/v1/effects", handle: s.listEffects},
		{method: post, path: "/v1/effects", handle: s.newEffect},
		{method: post, path: "/v1/effects/blend", handle: s.blendEffects},
		{method: get, path: "/v1/effects/{id}", handle: s.effect},
		{method: patch, path: "/v1/effects/{id}", handle: s.changeEffect},
		{method: del, path: "/v1/effects/{id}", handle: s.removeEffect},
		{method: get, path: "/v1/effects/{id}/adapter", handle: s.adapter},
		{method: get, path: "/v1/effects/{id}/weights", handle: s.weights},
		{method: get, path: "/v1/effects/{id}/onnx", handle: s.onnx, params: []string{"precision"}},
		{method: get, path: "/v1/effects/{id}/preview", handle: s.preview, params: []string{"sample", "side", "strength", "format"}},
		{method: post, path: "/v1/effects/{id}/apply", handle: s.applyEffect, params: []string{"strength", "with", "weight", "side", "format"}},

		{method: get, path: "/v1/pairs", handle: s.listPairs},
		{method: post, path: "/v1/pairs", handle: s.newPairs, params: []string{"name"}},
		{method: get, path: "/v1/pairs/{id}", handle: s.pairsOf},
		{method: del, path: "/v1/pairs/{id}", handle: s.removePairs},

		{method: get, path: "/v1/jobs", handle: s.listJobs},
		{method: post, path: "/v1/jobs", handle: s.newJob},
		{method: get, path: "/v1/jobs/{id}", handle: s.job},
		{method: get, path: "/v1/jobs/{id}/events", handle: s.events, params: []string{"after"}},
		{method: post, path: "/v1/jobs/{id}/stop", handle: s.stopJob},
		{method: post, path: "/v1/jobs/{id}/continue", handle: s.continueJob},
		{method: post, path: "/v1/jobs/{id}/cancel", handle: s.cancelJob},
		{method: post, path: "/v1/jobs/{id}/apply", handle: s.applyJob, params: []string{"of", "side", "format"}},
	}
}

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.wrap(r))
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		slices.Sort(allowed)
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			if !slices.Contains(allowed, method) {
				mux.Handle(method+" "+path, s.wrap(route{path: path, open: true, handle: otherMethod(allowed)}))
			}
		}
	}
	mux.Handle("/v1/", s.wrap(route{path: "/v1/", open: true, handle: nothing}))
	mux.Handle("/", s.wrap(route{path: "/", open: true, handle: s.page, params: []string{"v"}}))
	return s.guard(mux)
}

// wrap makes a handler of a route.
func (s *Server) wrap(r route) http.Handler {
	return s.metrics.measure(r.path, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		err := s.admit(req, r.open)
		if err == nil {
			q := readQuery(req, r.params)
			if err = q.err; err == nil {
				err = r.handle(w, req, q)
			}
		}
		if err != nil {
			s.answerError(w, req, err)
		}
	}))
}

// otherMethod answers requests for what is there with a method that it doesn't have.
func otherMethod(allowed []string) handler {
	return func(w http.ResponseWriter, r *http.Request, _ query) error {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return fail(http.StatusMethodNotAllowed, "%.20s is not possible here: use %s", r.Method, strings.Join(allowed, " or "))
	}
}

func nothing(http.ResponseWriter, *http.Request, query) error {
	return fail(http.StatusNotFound, "there is nothing at this address: see /v1/openapi.json")
}
