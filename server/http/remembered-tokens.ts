import { LRUCache } from 'lru-cache';

/** A device that was let in by a token. */
export interface LetIn {
  readonly kind: 'device';
  readonly id: string;
}

/** Tokens whose signature has held, and whose they are. */
export interface RememberedTokens {
  /** Whose token this is, if it was verified before and has not expired. */
  readonly find: (token: string, now: Date) => LetIn | undefined;
  readonly remember: (token: string, device: LetIn, expiresAt: number) => void;
  readonly forgetDevice: (id: string) => void;
}

/** Remembers at most so many tokens, the last used ones. */
export function rememberedTokens(max: number): RememberedTokens {
  const tokensOf = new Map<string, Set<string>>();
  const tokens = new LRUCache<string, { readonly device: LetIn; readonly expiresAt: number }>({
    max,
    dispose: ({ device }, token) => {
      const own = tokensOf.get(device.id);
      own?.delete(token);
      if (own?.size === 0) tokensOf.delete(device.id);
    },
  });
  return {
    find: (token, now) => {
      const entry = tokens.get(token);
      if (entry === undefined) return undefined;
      if (entry.expiresAt > now.getTime()) return entry.device;
      tokens.delete(token);
      return undefined; // checked once more, and refused unless our clocks differ by little
    },
    remember: (token, device, expiresAt) => {
      tokens.set(token, { device, expiresAt });
      tokensOf.set(device.id, (tokensOf.get(device.id) ?? new Set()).add(token));
    },
    forgetDevice: (id) => {
      for (const token of [...(tokensOf.get(id) ?? [])]) tokens.delete(token);
    },
  };
}
