package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/warmstart-ml/warmstart/server/api"
	"github.com/warmstart-ml/warmstart/server/lane"
)

// metrics are what Prometheus reads.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	handler  http.Handler
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "warmstart_http_requests_total", Help: "Requests answered, by path, method and status; 499: the client went away.",
		}, []string{"path", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "warmstart_http_request_seconds", Help: "Time from a request's header to the end of its answer; streams are left out.",
			Buckets: prometheus.ExponentialBuckets(0.002, 2, 14),
		}, []string{"path"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
	}
	gauge("warmstart_effects", "Effects on the shelf.", nil, func() float64 { return float64(s.shelf.Len()) })
	gauge("warmstart_waiting", "Pieces of work that wait for the cores.", nil, func() float64 { return float64(s.studio.Lane.Waiting()) })
	gauge("warmstart_streams", "Open streams of events.", nil, func() float64 { return float64(len(s.streams)) })
	for _, state := range []string{api.Queued, api.Running, api.Stopped, api.Done, api.Failed, api.Cancelled} {
		gauge("warmstart_jobs", "Jobs by state.", prometheus.Labels{"state": state}, func() float64 { return float64(s.jobs.Count()[state]) })
	}
	for _, class := range []lane.Class{lane.Interactive, lane.Training} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "warmstart_computing_seconds_total", Help: "Time of computing, by class.", ConstLabels: prometheus.Labels{"class": class.String()},
		}, func() float64 { return s.studio.Lane.Used(class).Seconds() }))
	}
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	return m
}

func (s *Server) showMetrics(w http.ResponseWriter, r *http.Request, _ query) error {
	s.metrics.handler.ServeHTTP(w, r)
	return nil
}

// measure counts the requests to a path.
func (m *metrics) measure(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		c := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(c, r)
		m.requests.WithLabelValues(path, knownMethod(r.Method), strconv.Itoa(c.status)).Inc()
		if t := w.Header().Get("Content-Type"); t != typeSSE && t != typeNDJSON {
			m.seconds.WithLabelValues(path).Observe(time.Since(begun).Seconds())
		}
	})
}

// knownMethod keeps labels few.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.begun {
		w.status, w.begun = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
