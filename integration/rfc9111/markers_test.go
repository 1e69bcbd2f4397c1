package rfc9111

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// claim is a test's word that it proves a requirement.
type claim struct {
	id   string // of the requirement
	test string // as policy.TestAge
	file string // where the test is, from the repository's root
	at   string // file and line of the marker
}

const (
	marker    = "RFC 9111:"
	scenarios = "module/engine/testdata/scenario/*.txt"
)

// collect finds the markers in the Go tests and in the scenarios of a checkout.
func collect(checkout fs.FS) ([]claim, error) {
	var (
		all  []claim
		errs []error
	)
	add := func(file string, read func(file, text string) ([]claim, error)) {
		text, err := fs.ReadFile(checkout, file)
		if err != nil {
			errs = append(errs, err)
			return
		}
		claims, err := read(file, string(text))
		all, errs = append(all, claims...), append(errs, err)
	}
	for _, top := range []string{"module", "caddyfile", "integration"} {
		errs = append(errs, fs.WalkDir(checkout, top, func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
				return fs.SkipDir
			case !d.IsDir() && strings.HasSuffix(file, "_test.go"):
				add(file, goClaims)
			}
			return nil
		}))
	}
	files, err := fs.Glob(checkout, scenarios)
	if err != nil || len(files) == 0 {
		errs = append(errs, fmt.Errorf("no scenarios in %s: %w", scenarios, err))
	}
	for _, file := range files {
		add(file, scenarioClaims)
	}
	return all, errors.Join(errs...)
}

// goClaims finds the markers of a Go file: comments of their own line or behind
// code, within a test or its doc comment.
func goClaims(file, text string) ([]claim, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var (
		all  []claim
		errs []error
	)
	for _, group := range parsed.Comments {
		for _, comment := range group.List {
			list, ok := strings.CutPrefix(strings.TrimLeft(comment.Text, "/ \t"), marker)
			if !ok {
				continue
			}
			c := claim{file: file, at: fmt.Sprintf("%s:%d", file, files.Position(comment.Pos()).Line)}
			name := enclosing(parsed, comment.Pos())
			if !isTest(name) {
				errs = append(errs, fmt.Errorf("%s: the marker stands in no test but in %q", c.at, name))
				continue
			}
			c.test = strings.TrimSuffix(parsed.Name.Name, "_test") + "." + name
			claims, err := c.each(list)
			all, errs = append(all, claims...), append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

// enclosing names the function in which, or in whose doc comment, pos is; "" if in
// none.
func enclosing(file *ast.File, pos token.Pos) string {
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		begin := f.Pos()
		if f.Doc != nil {
			begin = f.Doc.Pos()
		}
		switch {
		case pos < begin || pos >= f.End():
		case f.Recv != nil:
			return "(method) " + f.Name.Name
		default:
			return f.Name.Name
		}
	}
	return ""
}

// isTest tells what go test runs from helpers.
func isTest(name string) bool {
	for _, prefix := range [...]string{"Test", "Fuzz"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && name != "TestMain" {
			first, _ := utf8.DecodeRuneInString(rest)
			return !unicode.IsLower(first)
		}
	}
	return false
}

// scenarioClaims finds the markers in the comments of a scenario.
func scenarioClaims(file, text string) ([]claim, error) {
	var (
		all  []claim
		errs []error
	)
	for i, line := range strings.Split(text, "\n") {
		_, list, ok := strings.Cut(line, "# "+marker)
		if !ok {
			continue
		}
		c := claim{
			file: file, at: fmt.Sprintf("%s:%d", file, i+1),
			test: "engine.TestScenarios/" + strings.TrimSuffix(path.Base(file), ".txt"),
		}
		claims, err := c.each(list)
		all, errs = append(all, claims...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// each makes a claim like c for each member of list, which may end with a full stop.
func (c claim) each(list string) ([]claim, error) {
	var all []claim
	for id := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(list), "."), ",") {
		if c.id = strings.TrimSpace(id); c.id == "" {
			return all, fmt.Errorf("%s: %q has a place without a requirement", c.at, list)
		}
		all = append(all, c)
	}
	return all, nil
}
