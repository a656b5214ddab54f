# SPDX-License-Identifier: MIT
# Debian::Debhelper::Sequence::plugboard - dh --with plugboard
use strict;
use warnings;
use Debian::Debhelper::Dh_Lib;

insert_before('dh_gencontrol', 'dh_plugboard');

1;
