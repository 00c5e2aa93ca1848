# Has checkpatch.pl look at many files with one start, and at each as if it were the only one.
#
# It reports a name in CamelCase in the first file that has it, and not in those that it is given
# behind. So each file is looked at in a child, which leaves nothing behind but what it prints.
package EachInAChild;

use strict;
use warnings;

# When perl has read checkpatch.pl, and has not yet run any of it.
INIT {
	my $process = \&main::process;

	no warnings 'redefine';
	*main::process = sub {
		# The kernel's own such names, once for all children.
		main::seed_camelcase_includes();
		my $child = fork() // die "no child: $!\n";
		exit(!$process->(@_)) if !$child;
		waitpid($child, 0);
		die "checkpatch ended with $? on $_[0]\n" if $? != 0 && $? != 1 << 8;
		return $? == 0;
	};
}

1;
