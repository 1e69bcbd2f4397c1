package rfc9111

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// requirement is one block of requirements.txt.
type requirement struct {
	section string // as 4.2.3
	number  int    // within the section, from 1
	level   string
	text    string
	reason  string // why it cannot apply to this cache; empty if it does
}

func (r *requirement) id() string { return r.section + "-" + strconv.Itoa(r.number) }

// levels are the words of RFC 2119 that the list holds.
var levels = []string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT"}

const reasonPrefix = "not applicable: "

// parseRequirements reads the list: blocks with empty lines between them, and lines
// that begin with # for readers alone. Each problem is an error that names its line.
func parseRequirements(text string) ([]requirement, error) {
	var (
		all   []requirement
		errs  []error
		block []string
	)
	for i, line := range append(strings.Split(text, "\n"), "") {
		line = strings.TrimRight(line, " \t\r")
		switch {
		case strings.HasPrefix(line, "#"):
		case line != "":
			block = append(block, line)
		case len(block) > 0:
			r, err := parseBlock(block)
			if err == nil {
				err = follows(all, &r)
				all = append(all, r)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("the block before line %d: %w", i+1, err))
			}
			block = nil
		}
	}
	return all, errors.Join(errs...)
}

var blockHead = regexp.MustCompile(`^([1-9]\d*(?:\.[1-9]\d*)*)-([1-9]\d*) (.+)$`)

func parseBlock(lines []string) (requirement, error) {
	head := blockHead.FindStringSubmatch(lines[0])
	if head == nil {
		return requirement{}, fmt.Errorf("%q is not SECTION-NUMBER LEVEL", lines[0])
	}
	number, err := strconv.Atoi(head[2])
	if err != nil {
		return requirement{}, fmt.Errorf("%q has no number: %w", lines[0], err)
	}
	r := requirement{section: head[1], number: number, level: head[3]}
	switch {
	case !slices.Contains(levels, r.level):
		return r, fmt.Errorf("%s: %q is not one of %s", r.id(), r.level, strings.Join(levels, ", "))
	case len(lines) < 2 || strings.HasPrefix(lines[1], strings.TrimSpace(reasonPrefix)):
		return r, fmt.Errorf("%s says nothing", r.id())
	case len(lines) > 3:
		return r, fmt.Errorf("%s has %d lines, more than a text and a reason", r.id(), len(lines))
	}
	r.text = lines[1]
	if len(lines) < 3 {
		return r, nil
	}
	var ok bool
	if r.reason, ok = strings.CutPrefix(lines[2], reasonPrefix); !ok || r.reason == "" {
		return r, fmt.Errorf("%s: %q is no reason: want %q and one", r.id(), lines[2], reasonPrefix)
	}
	return r, nil
}

// follows returns an error if r is not the one that comes after all: the next number
// of the same section, or the first of a later one.
func follows(all []requirement, r *requirement) error {
	if len(all) == 0 {
		if r.number != 1 {
			return fmt.Errorf("%s is the first of its section", r.id())
		}
		return nil
	}
	last := &all[len(all)-1]
	order := compareSections(last.section, r.section)
	if order == 0 && r.number == last.number+1 || order < 0 && r.number == 1 {
		return nil
	}
	return fmt.Errorf("%s is out of order after %s, or there twice", r.id(), last.id())
}

// compareSections compares part by part, as numbers: 5.2.2.10 is after 5.2.2.8, and
// 4.1 after 4.
func compareSections(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) // no leading zeros
	})
}
