package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// cast are the visitors of one client.
type cast struct {
	client string
	shop   shop
	person person // The shopper.

	shopper, looker, owner, forger visitor

	mu      sync.Mutex
	records []record
}

// play has the shopper take his steps while two others look around: with each of his
// steps, one opens all shared pages, the other his own cart. The forger comes last.
func (c *cast) play(ctx context.Context) {
	c.perform(ctx, "owner", c.owner, c.shop.owner())
	for _, s := range c.shop.shopper(c.person) {
		var all sync.WaitGroup
		all.Go(func() { c.perform(ctx, "shopper", c.shopper, []step{s}) })
		all.Go(func() { c.perform(ctx, "looker", c.looker, c.shop.looker()) })
		all.Go(func() { c.perform(ctx, "owner", c.owner, c.shop.owns()) })
		all.Wait()
	}
	c.perform(ctx, "forger", c.forger, c.shop.forger())
}

// perform has one visitor take steps. What fails is recorded, and ends nothing: the
// steps behind it show what else is wrong.
func (c *cast) perform(ctx context.Context, who string, v visitor, steps []step) {
	for _, s := range steps {
		if ctx.Err() != nil {
			return
		}
		got, err := v.take(ctx, s)
		c.mu.Lock()
		c.records = append(c.records, record{client: c.client, who: who, step: s, seen: got, err: err})
		c.mu.Unlock()
	}
}

// rows are the records, judged. Of those who look around, what is as it should be is
// one row for all.
func (c *cast) rows() []row {
	var rows []row
	fine := map[string]int{}
	for _, r := range c.records {
		row := r.row()
		if row.err == nil && r.step.Aside {
			fine[r.who]++
			continue
		}
		rows = append(rows, row)
	}
	for _, who := range slices.Sorted(maps.Keys(fine)) {
		rows = append(rows, row{
			client: c.client, who: who, what: "looks around, at the same time",
			saw: fmt.Sprintf("%d pages, all as they should be", fine[who]),
		})
	}
	return rows
}
