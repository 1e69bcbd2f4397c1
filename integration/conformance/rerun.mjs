// Runs the tests that are named on the command line, few at a time, and prints
// their results as the suite's own runner does:
//
//   node rerun.mjs http://127.0.0.1:8080 ID...
import fetch from 'node-fetch'
import { runTests, getResults } from 'http-cache-tests/client/runner.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'

const atATime = 10
const [base, ...ids] = process.argv.slice(2)
const wanted = new Set(ids)
const chosen = [...suites, surrogate].map(suite => ({
  ...suite,
  tests: suite.tests.filter(test => wanted.has(test.id))
}))
await runTests(chosen, fetch, false, base, atATime)
console.log(JSON.stringify(getResults(), null, 2))
