// The stream of events: samples and what happened. A browser connects again by itself and goes on
// behind the last event; here is told when it last said something.

const silentAfterMs = 3500; // samples come once a second
const connectAgainMs = 2000;

export function listen({onSample, onEvent, onAlive}) {
  let heardMs = 0;
  let source = null;

  function connect() {
    source = new EventSource('api/v1/events');
    source.addEventListener('sample', (message) => {
      heardMs = Date.now();
      onAlive(true, 0);
      onSample(JSON.parse(message.data));
    });
    for (const kind of kinds) source.addEventListener(kind, (message) => take(message));
    // A browser gives up where it was answered an error, as by a process that starts.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, connectAgainMs);
    };
  }
  function take(message) {
    if (message.data === undefined) return; // "open" is also what a browser says of its connection
    onEvent(JSON.parse(message.data));
  }

  connect();
  setInterval(() => {
    const silentMs = Date.now() - heardMs;
    onAlive(heardMs !== 0 && silentMs < silentAfterMs, heardMs === 0 ? null : silentMs);
  }, 500);
}

// rs-orch(8), EVENTS.
const kinds = ['active', 'passive', 'stand_in', 'spawn', 'adopt', 'death', 'stop', 'retire', 'scale',
  'role', 'open', 'in_sync', 'restart', 'loss', 'accept_loss', 'clear', 'aside', 'wait', 'trouble',
  'trouble_over'];
