//! The deepest chain of calls below a function.

use std::collections::{BTreeMap, BTreeSet};

use super::archive::{Callee, Function, Id};

/// How many calls through pointers may be under way at once. What calls through pointers is the formatting of
/// texts: an error that shows an error that shows another, what a number in it is written with, and where
/// to.
pub(crate) const POINTERS: usize = 5;

/// The same where documents are written: a text in JSON, in an answer, in the buffer of a connection.
pub(crate) const POINTERS_OF_HTTP: usize = 8;

/// Functions that are called through a pointer by one other alone, which has nothing but that in a private field:
/// whom, and by whom.
const OWNED: [(&str, &str); 1] = [(
    "faceplate_idf::config::verify",
    "faceplate::signature::Signers::check",
)];

/// Functions that may be called through a pointer, anywhere: those whose address is known to somebody below one
/// of the roots, each of which has a stack of its own. A pointer may be kept, and used below another root.
pub(crate) fn known(functions: &[Function], roots: &BTreeSet<Id>, panics: bool) -> BTreeSet<Id> {
    let (mut reached, mut known) = (roots.clone(), BTreeSet::new());
    let mut todo: Vec<_> = roots.iter().copied().collect();
    while let Some(id) = todo.pop() {
        let Function { calls, knows, .. } = &functions[id];
        let called = calls.iter().filter_map(|call| match call.to {
            Callee::Known(to) => Some(to),
            Callee::Outside(_) | Callee::Pointer => None,
        });
        for to in called.chain(knows.iter().copied()) {
            if (panics || functions[to].returns) && reached.insert(to) {
                todo.push(to);
            }
        }
        known.extend(knows.iter().filter(|&&to| reached.contains(&to)));
    }
    known.difference(roots).copied().collect()
}

/// What is below functions.
pub(crate) struct Chains<'f> {
    functions: &'f [Function],
    /// Those that may be called through a pointer.
    known: &'f BTreeSet<Id>,
    /// Whether functions that never return are counted: those that end in a panic.
    pointers: usize,
    panics: bool,
    depths: BTreeMap<Node, Depth>,
    under_way: Vec<Node>,
}

/// A function, and how many calls through pointers may still be below it.
type Node = (Id, usize);

/// How deep it is below a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Bytes of the stack, its own frame among them.
    pub(crate) bytes: u32,
    /// The same where functions are called that are not in the library; none is.
    pub(crate) outside: Option<u32>,
    next: Option<Node>,
}

/// Whether a function is of the formatting of texts: it calls only such through pointers.
fn formats(name: &str) -> bool {
    name.contains("core::fmt")
}

impl<'f> Chains<'f> {
    /// Of functions of which those that are known may be called through pointers, so many at once.
    pub(crate) fn new(
        functions: &'f [Function],
        known: &'f BTreeSet<Id>,
        pointers: usize,
        panics: bool,
    ) -> Self {
        Self {
            functions,
            known,
            pointers,
            panics,
            depths: BTreeMap::new(),
            under_way: Vec::new(),
        }
    }

    /// Functions that call through pointers, of those that were looked at.
    pub(crate) fn through_pointers(&self) -> BTreeSet<&'f str> {
        let ids = self.depths.keys().map(|&(id, _)| &self.functions[id]);
        let calling = ids.filter(|function| {
            let mut calls = function.calls.iter();
            calls.any(|call| call.to == Callee::Pointer)
        });
        calling.map(|function| function.name.as_str()).collect()
    }

    /// How deep it is below a function.
    ///
    /// # Errors
    /// When a function calls itself, be it through others: how often is not to be seen.
    pub(crate) fn depth(&mut self, root: Id) -> Result<Depth, String> {
        self.at((root, self.pointers))
    }

    fn at(&mut self, node: Node) -> Result<Depth, String> {
        if let Some(depth) = self.depths.get(&node) {
            return Ok(*depth);
        }
        if let Some(from) = self.under_way.iter().position(|&other| other == node) {
            // A panic in a panic ends at once.
            if self.panics {
                return Ok(Depth::default());
            }
            let names = self.under_way[from..].iter();
            let names: Vec<_> = names.map(|&(id, _)| &*self.functions[id].name).collect();
            return Err(format!("{} calls itself", names.join(" > ")));
        }
        self.under_way.push(node);
        let (id, left) = node;
        let functions = self.functions;
        let function = &functions[id];
        let mut depth = Depth {
            bytes: function.frame,
            ..Depth::default()
        };
        for call in &function.calls {
            let own = if call.tail { 0 } else { function.frame };
            let below = match &call.to {
                Callee::Known(to) => vec![(*to, left)],
                Callee::Outside(_) => {
                    depth.outside = depth.outside.max(Some(own));
                    continue;
                }
                Callee::Pointer => self.through_pointer(function, left),
            };
            for next in below {
                if !self.panics && !functions[next.0].returns {
                    continue;
                }
                let below = self.at(next)?;
                depth.outside = depth.outside.max(below.outside.map(|bytes| bytes + own));
                if own + below.bytes > depth.bytes {
                    depth.bytes = own + below.bytes;
                    depth.next = Some(next);
                }
            }
        }
        self.under_way.pop();
        self.depths.insert(node, depth);
        Ok(depth)
    }

    /// Whom a call through a pointer may lead to.
    fn through_pointer(&self, caller: &Function, left: usize) -> Vec<Node> {
        let Some(left) = left.checked_sub(1) else {
            return Vec::new();
        };
        let may_be = self.known.iter().filter(|&&id| {
            let name = &self.functions[id].name;
            let owner = OWNED.iter().find(|(owned, _)| name.starts_with(owned));
            match owner {
                Some((_, owner)) => caller.name.starts_with(owner),
                None => !formats(&caller.name) || formats(name),
            }
        });
        may_be.map(|&id| (id, left)).collect()
    }

    /// The deepest chain that was found: frames, and whose they are.
    pub(crate) fn chain(&self, root: Id) -> Vec<(u32, &'f str)> {
        let mut chain = Vec::new();
        let mut at = Some((root, self.pointers));
        while let Some(node) = at {
            let function = &self.functions[node.0];
            chain.push((function.frame, function.name.as_str()));
            at = self.depths.get(&node).and_then(|depth| depth.next);
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::archive::Call;

    fn function(name: &str, frame: u32, calls: &[(Callee, bool)], knows: &[Id]) -> Function {
        let calls = calls.iter().cloned();
        Function {
            name: name.into(),
            exported: false,
            frame,
            calls: calls.map(|(to, tail)| Call { to, tail }).collect(),
            knows: knows.iter().copied().collect(),
            returns: true,
        }
    }

    fn known(id: Id) -> (Callee, bool) {
        (Callee::Known(id), false)
    }

    fn outside() -> (Callee, bool) {
        (Callee::Outside("c".into()), false)
    }

    const POINTER: (Callee, bool) = (Callee::Pointer, false);

    fn depth(functions: &[Function]) -> Result<(u32, Option<u32>), String> {
        let known = super::known(functions, &[0].into(), false);
        let mut chains = Chains::new(functions, &known, POINTERS, false);
        let depth = chains.depth(0)?;
        let chain = chains.chain(0);
        assert!(chain.iter().map(|(frame, _)| frame).sum::<u32>() >= depth.bytes);
        Ok((depth.bytes, depth.outside))
    }

    #[test]
    fn the_deepest_chain_counts_and_where_it_leaves_the_library() {
        let functions = [
            function("top", 100, &[known(1), known(2)], &[]),
            function("wide", 50, &[], &[]),
            function("deep", 10, &[known(3)], &[]),
            function("leaf", 60, &[outside()], &[]),
        ];
        assert_eq!(depth(&functions), Ok((170, Some(170))));
        assert_eq!(depth(&functions[..2].to_vec()[1..]), Ok((50, None)));
    }

    #[test]
    fn before_the_last_jump_the_frame_is_gone() {
        let functions = [
            function("top", 100, &[(Callee::Known(1), true)], &[]),
            function("next", 80, &[], &[]),
        ];
        assert_eq!(depth(&functions), Ok((100, None)));
    }

    #[test]
    fn a_pointer_leads_to_the_deepest_function_that_is_known() {
        let functions = [
            function("top", 100, &[POINTER], &[1, 2]),
            function("small", 10, &[], &[]),
            function("large", 90, &[], &[]),
            function("unknown", 500, &[], &[]),
        ];
        assert_eq!(depth(&functions), Ok((190, None)));
    }

    #[test]
    fn a_pointer_may_come_from_below_another_root() {
        let functions = [
            function("top", 100, &[POINTER], &[]),
            function("other", 10, &[], &[2]),
            function("given", 70, &[], &[]),
        ];
        let known = super::known(&functions, &[0, 1].into(), false);
        let depth = Chains::new(&functions, &known, POINTERS, false)
            .depth(0)
            .unwrap();
        assert_eq!(depth.bytes, 170);
    }

    #[test]
    fn formatting_calls_only_formatting_as_often_as_it_may_nest() {
        let functions = [
            function("top", 100, &[known(1)], &[2, 3]),
            function("core::fmt::write", 10, &[POINTER], &[]),
            function("<X as core::fmt::Display>::fmt", 20, &[known(1)], &[]),
            function("hash", 5000, &[], &[]),
        ];
        let nested = POINTERS as u32 * (20 + 10);
        assert_eq!(depth(&functions), Ok((100 + 10 + nested, None)));
    }

    #[test]
    fn what_calls_itself_has_no_depth() {
        let functions = [
            function("top", 100, &[known(1)], &[]),
            function("a", 10, &[known(2)], &[]),
            function("b", 10, &[known(1)], &[]),
        ];
        assert_eq!(depth(&functions), Err("a > b calls itself".into()));
    }

    #[test]
    fn panics_and_other_stacks_are_counted_apart() {
        let mut functions = vec![
            function("top", 100, &[known(1), known(2)], &[3]),
            function("panic", 1000, &[known(1)], &[]),
            function("call", 10, &[POINTER], &[]),
            function("task", 2000, &[], &[]),
        ];
        functions[1].returns = false;
        let roots = [0, 3].into();
        let of = |root, panics| {
            let known = super::known(&functions, &roots, panics);
            Chains::new(&functions, &known, POINTERS, panics).depth(root)
        };
        assert_eq!(of(0, false).unwrap().bytes, 110);
        assert_eq!(of(1, true).unwrap().bytes, 1000);
    }
}
