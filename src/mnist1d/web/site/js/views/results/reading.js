/** Read the results while the server still makes them: a head, then one study per line. */

/** Read an answer; call `each(results)` after every line, with the studies so far. Returns the
 * whole results. Throws if the answer ends early. */
export async function readResults(response, each) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let [results, rest, isWhole] = [null, "", false];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (results === null) results = JSON.parse(`${line}]}`);
      else if (line === "]}") isWhole = true;
      else results.studies.push(JSON.parse(line.replace(/^,/, "")));
    }
    if (results && !isWhole) each(results);
  }
  if (!isWhole) throw new Error("the answer is incomplete");
  return results;
}
