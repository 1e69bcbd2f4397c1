package coding

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

const tokenSize = 64

// words are what product texts are made of.
var words = strings.Fields(`steel oak linen copper glass cotton slate walnut ceramic brass canvas leather lamp chair
table bowl shelf basket rug mirror stool bench vase clock frame desk tray hook light dark warm small large round
square tall low soft heavy plain striped woven brushed painted made by hand in for with and the your home kitchen
garden office that lasts a lifetime from our workshop delivered within days`)

// shopPage returns a shop's category page of about size bytes with a form in each of
// cards product cards, and where the form's tokens are.
func shopPage(size, cards int) (body []byte, holes []int) {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		return strings.TrimSpace(b.String())
	}
	var b bytes.Buffer
	b.WriteString(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Shop – Größe & Stil</title>` + "\n")
	for i := range 12 {
		fmt.Fprintf(&b, "<link rel=\"stylesheet\" href=\"/static/css/part-%d.%08x.css\">\n", i, r.Uint32())
	}
	b.WriteString("</head><body><nav>\n")
	for range 40 {
		slug := strings.ReplaceAll(text(2), " ", "-")
		fmt.Fprintf(&b, "<li class=\"nav-item\"><a class=\"nav-link\" href=\"/category/%s/\">%s</a></li>\n", slug, slug)
	}
	b.WriteString("</nav><main class=\"grid\">\n")
	each := (size - b.Len()) / max(cards, 1)
	for i := range cards {
		start := b.Len()
		slug := strings.ReplaceAll(text(3), " ", "-")
		fmt.Fprintf(&b, `<article class="product-card" data-id="%d">
  <a href="/product/%s-%d/"><picture><source srcset="/media/%08x-480.avif 480w, /media/%08x-960.avif 960w" type="image/avif"><img src="/media/%08x-480.jpg" alt="%s" loading="lazy" width="480" height="480"></picture></a>
  <h3 class="product-card__title">%s</h3>
  <p class="product-card__price"><span class="price">€%d.%02d</span> <del>€%d.00</del></p>
  <form method="post" action="/basket/add/%d/" class="add-to-basket">
    <input type="hidden" name="csrfmiddlewaretoken" value="`,
			i, slug, i, r.Uint32(), r.Uint32(), r.Uint32(), text(4), text(5), r.IntN(400), r.IntN(100), r.IntN(500), i)
		holes = append(holes, b.Len())
		for range tokenSize {
			b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(62)])
		}
		b.WriteString("\">\n    <input type=\"number\" name=\"quantity\" value=\"1\" min=\"1\" max=\"99\">\n    <button type=\"submit\" class=\"btn btn-primary\">Add to basket</button>\n  </form>\n  <p class=\"product-card__text\">")
		for b.Len()-start < each-20 {
			b.WriteString(text(6) + ". ")
		}
		b.WriteString("</p>\n</article>\n")
	}
	b.WriteString("</main></body></html>\n")
	return b.Bytes(), holes
}
