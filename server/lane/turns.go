package lane

import "slices"

// turn is work that waits.
type turn struct {
	client  string
	granted chan struct{} // closed when it may begin
}

// turns holds what waits of one class. Clients take turns; the work of each is done in the order in which it came.
type turns struct {
	order []string // clients that wait, the next first
	by    map[string][]*turn
}

func (q *turns) empty() bool { return len(q.order) == 0 }

func (q *turns) length(client string) int { return len(q.by[client]) }

func (q *turns) push(t *turn) {
	if q.by == nil {
		q.by = map[string][]*turn{}
	}
	if len(q.by[t.client]) == 0 {
		q.order = append(q.order, t.client)
	}
	q.by[t.client] = append(q.by[t.client], t)
}

// pop takes the next turn out, nil if none waits; its client is last in the order then.
func (q *turns) pop() *turn {
	if q.empty() {
		return nil
	}
	client := q.order[0]
	q.order = q.order[1:]
	t := q.by[client][0]
	if rest := q.by[client][1:]; len(rest) > 0 {
		q.by[client] = rest
		q.order = append(q.order, client)
	} else {
		delete(q.by, client)
	}
	return t
}

// remove takes a turn out; it tells whether it was there.
func (q *turns) remove(t *turn) bool {
	list := q.by[t.client]
	i := slices.Index(list, t)
	if i < 0 {
		return false
	}
	if list = slices.Delete(list, i, i+1); len(list) > 0 {
		q.by[t.client] = list
		return true
	}
	delete(q.by, t.client)
	q.order = slices.DeleteFunc(q.order, func(c string) bool { return c == t.client })
	return true
}
