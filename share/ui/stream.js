// The stream of server-sent events: samples, and what happened. It is read by fetch: an EventSource
// hears only the kinds it was told of, and one that hangs cannot be renewed where it stopped.

const silentAfterMs = 3500; // samples come once a second
const hangsAfterMs = 10000; // as after a laptop slept, or a network changed
const connectAgainMs = 1000;

// onAlive(whether it is, for how long nothing was heard or null where never, why) comes twice a
// second.
export function listen(url, {onSample, onEvent, onAlive}) {
  let lastId = '';
  let heard = null;
  let why = '';
  let connection = null; // of a request under way

  function take({kind, id, data}) {
    let told;
    try {
      told = JSON.parse(data);
    } catch {
      return; // cut off: it comes again behind the last id
    }
    if (kind === 'sample') {
      heard = now();
      onAlive(true, 0, '');
      onSample(told);
    } else {
      onEvent({event: kind, ...told});
    }
    if (id) lastId = id;
  }

  async function connect() {
    connection = {abort: new AbortController(), began: now()};
    try {
      const headers = {Accept: 'text/event-stream', ...(lastId && {'Last-Event-ID': lastId})};
      const answer = await fetch(url, {
        headers,
        cache: 'no-store',
        signal: connection.abort.signal,
      });
      if (!answer.ok) throw new Error(`it answers ${answer.status}`);
      why = '';
      await messages(answer.body.getReader(), take);
    } catch (error) {
      why = error instanceof TypeError || error.name === 'AbortError' ? '' : error.message;
    }
    connection = null;
    setTimeout(connect, connectAgainMs);
  }

  connect();
  setInterval(() => {
    const silentMs = heard === null ? null : since(heard);
    onAlive(silentMs !== null && silentMs < silentAfterMs, silentMs, why);
    const began = connection?.began;
    if (began && Math.min(since(began), silentMs ?? Infinity) > hangsAfterMs)
      connection.abort.abort();
  }, 500);
}

// Both clocks: one of them may stand still while a laptop sleeps, the other may be set back.
const now = () => ({steady: performance.now(), wall: Date.now()});
const since = ({steady, wall}) => Math.max(performance.now() - steady, Date.now() - wall);

async function messages(reader, take) {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    text += decoder.decode(value, {stream: true});
    const parts = text.split('\n\n');
    text = parts.pop();
    for (const part of parts) {
      const message = {kind: 'message', id: '', data: ''};
      for (const line of part.split('\n')) {
        if (line.startsWith('event: ')) message.kind = line.slice(7);
        else if (line.startsWith('id: ')) message.id = line.slice(4);
        else if (line.startsWith('data: ')) message.data += line.slice(6);
      }
      if (message.data !== '') take(message);
    }
  }
}
