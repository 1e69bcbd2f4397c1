// Prints every test of the suite as JSON: what the suite's own runner does not
// say about its results.
import suites from 'http-cache-tests/tests/index.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'

const ours = { optimal: 'optional' } // Our words for its kinds, where they differ.
const kind = test => ours[test.kind] ?? test.kind ?? 'required'
const tests = [...suites, surrogate].flatMap(suite => suite.tests.map(test => ({
  id: test.id,
  suite: suite.id,
  name: test.name,
  kind: kind(test),
  browser_only: test.browser_only === true,
  depends_on: test.depends_on ?? []
})))
console.log(JSON.stringify(tests, null, 2))
