// The only place that speaks to the server. Every request goes through Jupyter's own settings: token, XSRF, base URL.
import { ServerConnection } from '@jupyterlab/services';
import type { Error as Refusal, Event } from './wire';

type Args = Record<string, string | number | undefined | null>;

/** What the server refused, in its own sentence; `column` is where a query is wrong. */
export class Refused extends Error {
  constructor(readonly code: string, message: string, readonly column: number | null = null) {
    super(message);
  }
}

export class Client {
  /** `path`: the notebook or folder whose workspace is meant, from the server's root. */
  constructor(readonly settings: ServerConnection.ISettings, public path: () => string) {}

  url(route: string, args: Args = {}): string {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries({ path: this.path(), ...args })) {
      if (value !== undefined && value !== null && value !== '') query.set(key, String(value));
    }
    return `${this.settings.baseUrl}mm/api/${route}?${query}`;
  }

  async get<T>(route: string, args: Args = {}, signal?: AbortSignal): Promise<T> {
    return this.ask<T>(this.url(route, args), { method: 'GET', cache: 'no-cache', signal });
  }

  async send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', route: string, body?: unknown): Promise<T> {
    return this.ask<T>(this.url(route), { method, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  private async ask<T>(url: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if ((error as Error)?.name === 'AbortError' || init.signal?.aborted) throw error;
      throw new Refused('server-away', 'The server does not answer.');
    }
    const said = await response.json().catch(() => null);
    if (!response.ok) {
      const refusal = said as Refusal | null;
      throw new Refused(refusal?.code ?? `http-${response.status}`, refusal?.message ?? response.statusText, refusal?.column ?? null);
    }
    return said as T;
  }

  /** Hear of changes until `signal` aborts. Resolves when the stream ends. */
  async listen(heard: (event: Event) => void, signal: AbortSignal): Promise<void> {
    const response = await ServerConnection.makeRequest(this.url('events'), { method: 'GET', signal }, this.settings);
    if (!response.ok || !response.body) {
      const said = (await response.json().catch(() => null)) as Refusal | null;
      throw new Refused(said?.code ?? `http-${response.status}`, said?.message ?? response.statusText);
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data: ')) heard(JSON.parse(line.slice(6)) as Event);
    }
  }
}
