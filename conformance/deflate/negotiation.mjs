// SPDX-License-Identifier: Apache-2.0
//
// What must be agreed on, worked out a second time: from RFC 7692 and docs/compression.md for Gibbon, from the
// documentation of ws for ws. Parameters are objects such as { server_max_window_bits: 10, client_max_window_bits: true };
// true stands for a parameter without a value.

/** What each side keeps unless it is told otherwise (docs/compression.md). */
const USUAL_BITS = 12;
const MOST_BITS = 15;

/** Numbers that look random and are the same in every run. */
export function numbers(seed) {
    let state = seed >>> 0;
    return below => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
    };
}

/** Every combination of the values that each name may have; undefined leaves the name out. */
export function combinations(choices) {
    let all = [{}];
    for (const [name, values] of Object.entries(choices)) {
        all = all.flatMap(some => values.map(value => (value === undefined ? some : { ...some, [name]: value })));
    }
    return all;
}

export function shuffled(list, number) {
    const order = [...list];
    for (let i = order.length - 1; i > 0; i--) {
        const j = number(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
}

/** Every combination of what Gibbon negotiates by, 324 of them, each with some choice of what it does not. */
export function gibbonSettings() {
    const number = numbers(7692);
    const bits = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];
    const takeover = [undefined, true];
    return combinations({
        serverNoContextTakeover: takeover,
        clientNoContextTakeover: takeover,
        serverMaxWindowBits: bits,
        clientMaxWindowBits: bits,
    }).map(settings => ({
        ...settings,
        level: 1 + number(9),
        thresholdBytes: [0, 1, 128, 300][number(4)],
        ...(number(3) === 0 && { liveStreams: true }),
        ...(number(3) === 0 && { streaming: true }),
        ...(number(2) === 0 && { strictClientWindow: true }),
    }));
}

/** Settings as a line for the peer. */
export function words(settings) {
    return Object.entries(settings).map(([name, value]) => (value === true ? name : `${name}=${value}`)).join(' ');
}

/** The parameters of the only extension in a header's value, which must be permessage-deflate; undefined if there is none. */
export function parse(header) {
    const [name, ...parameters] = (header ?? '').split(';').map(part => part.trim());
    if (name === '') {
        return undefined;
    }
    if (name !== 'permessage-deflate' || header.includes(',')) {
        throw new Error(`not permessage-deflate alone: ${header}`);
    }
    const parsed = {};
    for (const parameter of parameters) {
        const [key, value] = parameter.split('=');
        if (Object.hasOwn(parsed, key)) {
            throw new Error(`${key} is there twice: ${header}`);
        }
        parsed[key] = value === undefined ? true : Number(value);
    }
    return parsed;
}

/** The parameters as text, in one order whatever theirs was. */
export function format(parameters) {
    return Object.keys(parameters).sort().map(key => `${key}=${parameters[key]}`).join('; ');
}

/** Without the names that say nothing. */
function said(parameters) {
    return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== false));
}

/** The reply of a Gibbon server to an offer. */
export function gibbonReply(settings, offer) {
    const mostOfServer = settings.serverMaxWindowBits ?? USUAL_BITS;
    const mostOfClient = settings.clientMaxWindowBits ?? USUAL_BITS;
    const asked = offer.client_max_window_bits;
    let clientBits;
    if (typeof asked === 'number') {
        clientBits = Math.min(asked, mostOfClient);
    } else if (asked && mostOfClient < MOST_BITS) {
        clientBits = mostOfClient;
    }
    return said({
        server_no_context_takeover: offer.server_no_context_takeover || settings.serverNoContextTakeover,
        // Whoever cannot bound its window goes without, where that is asked for.
        client_no_context_takeover: offer.client_no_context_takeover || settings.clientNoContextTakeover
            || (settings.strictClientWindow && asked === undefined && mostOfClient < MOST_BITS),
        server_max_window_bits: offer.server_max_window_bits && Math.min(offer.server_max_window_bits, mostOfServer),
        client_max_window_bits: clientBits,
    });
}

/** The offers of a Gibbon client, most preferred first. */
export function gibbonOffers(settings) {
    const serverBits = settings.serverMaxWindowBits < MOST_BITS ? settings.serverMaxWindowBits : undefined;
    const common = {
        client_no_context_takeover: settings.clientNoContextTakeover,
        client_max_window_bits: settings.clientMaxWindowBits < MOST_BITS ? settings.clientMaxWindowBits : true,
    };
    const offers = [said({
        ...common,
        server_no_context_takeover: settings.serverNoContextTakeover,
        server_max_window_bits: serverBits,
    })];
    if (serverBits) { // A server that cannot bound its window may go without takeover.
        offers.push(said({ ...common, server_no_context_takeover: true }));
    }
    return offers;
}

/** The offer of a ws client. Unset, it says that it can bound its window, as it does for `true`. */
export function wsOffer(options) {
    return said({
        server_no_context_takeover: options.serverNoContextTakeover,
        client_no_context_takeover: options.clientNoContextTakeover,
        server_max_window_bits: options.serverMaxWindowBits,
        client_max_window_bits: options.clientMaxWindowBits ?? true,
    });
}

/** Whether a ws client refuses the reply: with an explicit `false` it does not go without takeover. */
export function wsRefuses(options, reply) {
    return options.clientNoContextTakeover === false && reply.client_no_context_takeover === true;
}

/** The reply of a ws server; undefined if it answers 400, which it does where an offer does not suit it. */
export function wsReply(options, offers) {
    const { serverMaxWindowBits: serverBits, clientMaxWindowBits: clientBits } = options;
    const suiting = offers.find(offer => {
        const askedOfServer = offer.server_max_window_bits;
        const askedOfClient = offer.client_max_window_bits;
        return !(options.serverNoContextTakeover === false && offer.server_no_context_takeover)
            && !(askedOfServer && (serverBits === false || serverBits > askedOfServer))
            && !(typeof clientBits === 'number' && (!askedOfClient || clientBits > askedOfClient && askedOfClient !== true));
    });
    if (!suiting) {
        return undefined;
    }
    const offered = suiting.client_max_window_bits;
    const kept = typeof offered === 'number' && clientBits !== false ? offered : undefined;
    return said({
        server_no_context_takeover: suiting.server_no_context_takeover || options.serverNoContextTakeover,
        client_no_context_takeover: suiting.client_no_context_takeover || options.clientNoContextTakeover,
        server_max_window_bits: typeof serverBits === 'number' ? serverBits : suiting.server_max_window_bits,
        client_max_window_bits: typeof clientBits === 'number' ? clientBits : kept,
    });
}

/**
 * How far back, in bits, the messages of a Gibbon side go to earlier ones; 0 if they do not.
 * Side is 'server' or 'client'.
 */
export function reach(side, settings, reply) {
    const own = settings[`${side}MaxWindowBits`] ?? USUAL_BITS;
    const without = reply[`${side}_no_context_takeover`] || settings[`${side}NoContextTakeover`];
    return without ? 0 : Math.min(own, reply[`${side}_max_window_bits`] ?? MOST_BITS);
}
