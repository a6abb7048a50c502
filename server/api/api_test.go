package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// schema is what the test reads of a schema of the document.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Properties map[string]schema
	Required   []string
	Items      *schema
}

// TestSchemas: the document describes the types as they are.
func TestSchemas(t *testing.T) {
	var doc struct {
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(Document, &doc); err != nil {
		t.Fatal(err)
	}
	types := []any{
		Error{}, Message{}, Effect{}, NewEffect{}, EffectChange{}, Blend{}, Suggestion{}, Sample{}, Pairs{}, NewJob{}, Job{}, Example{}, Point{},
		Side{}, Event{}, Session{}, Status{}, Limits{}, Effects{}, Samples{}, Suggestions{}, PairsList{}, Jobs{},
	}
	for _, v := range types {
		r := reflect.TypeOf(v)
		s, ok := doc.Components.Schemas[r.Name()]
		if !ok {
			t.Errorf("%s is not in the document", r.Name())
			continue
		}
		compare(t, r, s)
		delete(doc.Components.Schemas, r.Name())
	}
	for name := range doc.Components.Schemas {
		t.Errorf("%s is in the document only", name)
	}
}

// compare compares a struct with its schema.
func compare(t *testing.T, r reflect.Type, s schema) {
	var required []string
	seen := map[string]bool{}
	for _, f := range reflect.VisibleFields(r) {
		tag := f.Tag.Get("json")
		if tag == "" {
			continue // embedded
		}
		name, options, _ := strings.Cut(tag, ",")
		seen[name] = true
		p, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s.%s is not in the document", r.Name(), name)
			continue
		}
		if want, got := typeName(f.Type), p.name(); want != got {
			t.Errorf("%s.%s is %s, in the document %s", r.Name(), name, want, got)
		}
		if !strings.Contains(options, "omitempty") {
			required = append(required, name)
		}
	}
	for name := range s.Properties {
		if !seen[name] {
			t.Errorf("%s.%s is in the document only", r.Name(), name)
		}
	}
	slices.Sort(required)
	slices.Sort(s.Required)
	if !slices.Equal(required, s.Required) {
		t.Errorf("%s: required are %q, in the document %q", r.Name(), required, s.Required)
	}
}

func (s schema) name() string {
	switch {
	case s.Ref != "":
		return strings.TrimPrefix(s.Ref, "#/components/schemas/")
	case s.Items != nil:
		return "[]" + s.Items.name()
	case s.Format != "":
		return s.Format
	}
	return s.Type
}

func typeName(r reflect.Type) string {
	switch r.Kind() {
	case reflect.Pointer:
		return typeName(r.Elem())
	case reflect.Slice:
		return "[]" + typeName(r.Elem())
	case reflect.String:
		return "string"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	case reflect.Struct:
		if r == reflect.TypeFor[time.Time]() {
			return "date-time"
		}
		return r.Name()
	}
	return r.String()
}
